//! Rules as users write them, and what is wrong with others.

use super::*;
use proptest::prelude::*;

/// Mantissa, exponent, dependency and factors of a product.
type Row = (i32, i32, Dependency, String);

fn structure(text: &str) -> Vec<Row> {
    let products = parse(text, &Limits::LOIHI).unwrap();
    let factors = |product: &ProductRecord| {
        let factors = product.factor.iter().take(product.factors);
        factors
            .map(|f| {
                let sign = if f.sign { "sgn " } else { "" };
                let constant = if f.constant == 0 { String::new() } else { format!("{:+}", f.constant) };
                format!("{sign}{}{constant}", tokens::name(f.variable))
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    products.iter().map(|p| (p.mantissa, p.exponent, p.dependency, factors(p))).collect()
}

#[test]
fn rules_of_the_literature() {
    use Dependency::{U, X0, Y0};
    let row = |m, e, dependency, factors: &str| (m, e, dependency, factors.to_owned());
    let rules: [(&str, &[Row]); 11] = [
        ("2^-2*y0*x1-2^-2*x0*y1", &[row(1, -2, Y0, "x1"), row(-1, -2, X0, "y1")]),
        ("dw = 2^-2*y0*(x1-20)*sgn(w)-x0*(y1+3)*2^-3", &[row(1, -2, Y0, "x1-20 sgn w"), row(-1, -3, X0, "y1+3")]),
        ("3*2^-3*x0*y1-u2*2^-4*w+u2*2", &[row(3, -3, X0, "y1"), row(-1, -4, U(2), "w"), row(2, 0, U(2), "")]),
        ("(-2)*x0*y1+2*y0*x1-u0*t*1*2^-4", &[row(-2, 0, X0, "y1"), row(2, 0, Y0, "x1"), row(-1, -4, U(0), "t")]),
        ("7*x0*y0-2*x0+2^-1*y0*x1", &[row(7, 0, X0, "y0"), row(-2, 0, X0, ""), row(1, -1, Y0, "x1")]),
        ("-2^(-3) * x1 * y0 + 2^-3*x0*y1", &[row(-1, -3, Y0, "x1"), row(1, -3, X0, "y1")]),
        ("2^-4*x0*(w-9)+2^-1*u4", &[row(1, -4, X0, "w-9"), row(1, -1, U(4), "")]),
        (
            "2^-7*x1*y0*y2-2^-6*x0*y1*x2+2^-7*x1*y0*y3",
            &[row(1, -7, Y0, "x1 y2"), row(-1, -6, X0, "y1 x2"), row(1, -7, Y0, "x1 y3")],
        ),
        ("2*x0+2^-1*x1*y0-3*u2", &[row(2, 0, X0, ""), row(1, -1, Y0, "x1"), row(-3, 0, U(2), "")]),
        ("-2^-3*x1*y0+2^-3*x0*y1", &[row(-1, -3, Y0, "x1"), row(1, -3, X0, "y1")]),
        ("u1*x1*sgn(y1-4)*r1", &[row(1, 0, U(1), "x1 sgn y1-4 r1")]),
    ];
    for (text, expected) in rules {
        assert_eq!(structure(text), expected, "{text}");
    }
}

#[test]
fn three_sums_come_in_the_order_weight_tag_delay() {
    let products = parse("dd = u0*d; dw = x0*y1\ndt = y0*x1", &Limits::LOIHI).unwrap();
    let targets: Vec<Target> = products.iter().map(|product| product.target).collect();
    assert_eq!(targets, [Target::Weight, Target::Tag, Target::Delay]);
    assert_eq!(parse("x0*y1\ndt = y0*x1", &Limits::LOIHI).unwrap().len(), 2);
}

#[test]
fn errors_point_at_the_column() {
    let wrong = [
        ("dw = 2^-2*x1*z0 - x0", 1, 14, "`z0` is not a variable"),
        ("dw = x1*y1", 1, 6, "needs x0, y0 or u_k"),
        ("x0*(y1+3", 1, 9, "`)` is missing"),
        ("", 1, 1, "empty rule"),
        ("x0*(y1-300)", 1, 7, "outside -256..=255"),
        ("2^12*x0*y1", 1, 1, "exponent 12"),
        ("9*x0*y1", 1, 1, "mantissa 9"),
        ("x0*x1*x2*y1*y2*y3", 1, 1, "5 factors"),
        ("x0*+y1", 1, 4, "is missing here"),
        ("x0*y1 -", 1, 8, "missing at the end"),
        ("dw = x0*y1\ndv = x0", 2, 1, "`dv` cannot be changed"),
        ("3^2*x0", 1, 1, "powers of 2"),
        ("dt = x0*y1\n  - u0*t", 2, 3, "a second sum"),
        ("x0*y1\ndw = y0*x1", 2, 1, "second time"),
        ("dw = x0\ndt = y0; dw = y0*x1", 2, 10, "second time"),
        ("2^2^2*x0", 1, 4, "expected `*`"),
        ("x1*y1 x0", 1, 7, "expected `*`"),
        ("x0*(y1-300", 1, 7, "outside -256..=255"),
        ("x0*sgn((x1-20)", 1, 15, "`)` is missing"),
        ("x0*(x1-20))", 1, 11, "expected `*`"),
        ("2^9*2*2*2*2*x0*y1", 1, 1, "mantissa 16"),
        ("x0 y1", 1, 4, "expected `*`"),
        ("u1*u2*x1", 1, 4, "`u2` comes after"),
        ("x0*y1 $", 1, 7, "`$` has no meaning"),
        ("x0*w*t*d*w", 1, 1, "31 bits"),
    ];
    for (text, line, column, what) in wrong {
        let error = parse(text, &Limits::LOIHI).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        assert!(error.what.contains(what), "{text}: {error}");
    }
    let shown = parse("dw = 2^-2*x1*z0 - x0", &Limits::LOIHI).unwrap_err().to_string();
    assert!(shown.starts_with("dw = 2^-2*x1*z0 - x0\n             ^ `z0` is not a variable"), "{shown}");
    let shown = parse("\tdw = z0", &Limits::LOIHI).unwrap_err().to_string();
    assert!(shown.starts_with("\tdw = z0\n\t     ^ `z0` is not a variable"), "{shown}");
}

#[test]
fn an_error_far_to_the_right_is_shown() {
    let far = format!("{}z0", " ".repeat(70_000));
    let error = parse(&far, &Limits::LOIHI).unwrap_err();
    assert_eq!(error.column, 70_001);
    assert!(error.to_string().ends_with("u0..u9"));
}

fn factor() -> impl Strategy<Value = Factor> {
    let variables = (1..=11).filter_map(Variable::from_code).collect::<Vec<_>>();
    (proptest::sample::select(variables), any::<bool>(), -256..=255_i32).prop_map(|(variable, sign, constant)| Factor {
        variable,
        sign,
        constant,
    })
}

fn product() -> impl Strategy<Value = ProductRecord> {
    let dependency = prop_oneof![Just(Dependency::X0), Just(Dependency::Y0), (0..10_u32).prop_map(Dependency::U)];
    let target = prop_oneof![Just(Target::Weight), Just(Target::Tag), Just(Target::Delay)];
    (target, dependency, -8..=7_i32, -7..=9_i32, proptest::collection::vec(factor(), 0..=4))
        .prop_map(|(target, dependency, mantissa, exponent, given)| {
            let mut factor = [Factor::NONE; 4];
            factor.iter_mut().zip(&given).for_each(|(place, given)| *place = *given);
            ProductRecord { target, profiles: 0xFF, dependency, mantissa, exponent, factors: given.len(), factor }
        })
        .prop_filter("wider than 31 bits", |product| product.width(4) <= 31)
}

proptest! {
    #[test]
    fn what_is_printed_reads_the_same(products in proptest::collection::vec(product(), 1..=16)) {
        let mut products = products;
        products.sort_by_key(|product| product.target as u8);
        prop_assert_eq!(parse(&print(&products), &Limits::LOIHI).unwrap(), products);
    }

    #[test]
    fn no_bytes_are_too_wild(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _shown = parse(&String::from_utf8_lossy(&bytes), &Limits::LOIHI).map_err(|error| error.to_string());
    }

    #[test]
    fn no_rule_like_text_is_too_wild(text in "[-+*^()=;x0y1w2usgn d\n]{0,40}") {
        let _shown = parse(&text, &Limits::LOIHI).map_err(|error| error.to_string());
    }
}

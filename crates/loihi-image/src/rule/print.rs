//! A rule as text.

use super::tokens::name;
use loihi_core::image::{Dependency, Factor, ProductRecord, Target};

/// Text that reads as these products.
pub fn print(products: &[ProductRecord]) -> String {
    let sums = [("dw", Target::Weight), ("dt", Target::Tag), ("dd", Target::Delay)];
    let lines = sums.iter().filter_map(|(change, target)| {
        let of_sum: Vec<String> =
            products.iter().filter(|product| product.target == *target).map(product_text).collect();
        if of_sum.is_empty() { None } else { Some(format!("{change} = {}", of_sum.join(" + "))) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn product_text(product: &ProductRecord) -> String {
    let mut factors = vec![format!("({})", product.mantissa)];
    if product.exponent != 0 {
        factors.push(format!("2^{}", product.exponent));
    }
    factors.push(match product.dependency {
        Dependency::X0 => "x0".to_owned(),
        Dependency::Y0 => "y0".to_owned(),
        Dependency::U(k) => format!("u{k}"),
    });
    factors.extend(product.factor.iter().take(product.factors).copied().map(factor_text));
    factors.join("*")
}

fn factor_text(factor: Factor) -> String {
    let variable = name(factor.variable);
    let shifted = match factor.constant {
        0 => variable.to_owned(),
        constant => format!("({variable}{constant:+})"),
    };
    if factor.sign { format!("sgn({shifted})") } else { shifted }
}

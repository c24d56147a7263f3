//! Learning rules from text: `dw = 2^-2*x1*y0 - 2^-2*x0*y1`, as users of the chip write them.
//!
//! A rule is up to three sums of products, `dw = …`, `dt = …`, `dd = …`, each on a line of its own or behind a `;`. A
//! first sum without a name changes the weight. A product has whole numbers, powers of two (`2^-3`), variables
//! (`x0 x1 x2 y0 y1 y2 y3 r1 w t d`), `sgn(x)`, variables with a constant (`(x1-20)`), and `u0` to `u9`, which holds
//! in every 2^k-th epoch. The first of x0, y0 and `u_k` in a product says when it is evaluated; every product needs one.

mod print;
mod tokens;

pub use print::print;

use loihi_core::image::{Dependency, Factor, LearningRecord, ProductRecord, Target, Variable};
use std::ops::RangeInclusive;
use tokens::{Token, TokenKind};

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{source_line}\n{}^ {what}", tokens::indent(.source_line, *.column))]
#[non_exhaustive]
pub struct RuleError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// The line of the rule.
    pub source_line: String,
}

/// How large a rule may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Products of all sums.
    pub products: usize,
    /// Mantissas.
    pub mantissa: RangeInclusive<i32>,
    /// Exponents.
    pub exponent: RangeInclusive<i32>,
    /// Constants that are added to a variable.
    pub constant: RangeInclusive<i32>,
}

impl Limits {
    /// The chip's: mantissas of 4 bits, exponents of 4 bits, constants of 8 bits and sign.
    pub const LOIHI: Self = Self { products: 16, mantissa: -8..=7, exponent: -7..=9, constant: -256..=255 };
    /// What the core computes, beyond the chip.
    pub const RELAXED: Self =
        Self { products: LearningRecord::PRODUCTS_MAX, mantissa: -128..=127, exponent: -16..=9, ..Self::LOIHI };
}

/// Reads a rule that holds for every profile of the post compartment.
///
/// # Errors
/// [`RuleError`] points at the column.
pub fn parse(text: &str, limits: &Limits) -> Result<Vec<ProductRecord>, RuleError> {
    parse_for_profiles(text, limits, 0xFF)
}

/// Reads a rule that holds for those profiles whose bits are set.
///
/// # Errors
/// [`RuleError`] points at the column.
pub fn parse_for_profiles(text: &str, limits: &Limits, profiles: u32) -> Result<Vec<ProductRecord>, RuleError> {
    let tokens = tokens::split(text)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, limits, profiles, products: Vec::new(), sums: Vec::new() };
    while parser.peek().is_some() {
        if !parser.take(TokenKind::End) {
            parser.sum()?;
        }
    }
    if parser.products.is_empty() {
        return Err(tokens::error(text, 0, "empty rule; write for example dw = 2^-2*x1*y0 - 2^-2*x0*y1"));
    }
    let mut products = parser.products;
    products.sort_by_key(|product| product.target as u8);
    Ok(products)
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token<'t>],
    at: usize,
    limits: &'t Limits,
    profiles: u32,
    products: Vec<ProductRecord>,
    /// What the sums until now change.
    sums: Vec<Target>,
}

/// A product on its way.
#[derive(Default)]
struct Product {
    mantissa: i64,
    exponent: i64,
    dependency: Option<Dependency>,
    factors: Vec<Factor>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn next_is(&self, kind: TokenKind<'_>) -> bool {
        self.peek().is_some_and(|token| token.kind == kind)
    }

    fn take(&mut self, kind: TokenKind<'_>) -> bool {
        let there = self.next_is(kind);
        self.at += usize::from(there);
        there
    }

    fn fail<T>(&self, at: usize, what: impl Into<String>) -> Result<T, RuleError> {
        Err(tokens::error(self.text, at, what))
    }

    /// Where the next token begins, or the text ends.
    fn place(&self) -> usize {
        self.peek().map_or(self.text.trim_end().len(), |token| token.at)
    }

    fn expect(&mut self, kind: TokenKind<'static>, what: &str) -> Result<(), RuleError> {
        if self.take(kind) { Ok(()) } else { self.fail(self.place(), format!("{what} is missing here")) }
    }

    /// `dw = product + product …`, or without a name.
    fn sum(&mut self) -> Result<(), RuleError> {
        let target = self.target()?;
        let mut sign = 1;
        if self.take(TokenKind::Sign('-')) {
            sign = -1;
        } else {
            self.take(TokenKind::Sign('+'));
        }
        loop {
            let start = self.place();
            let product = self.product(sign)?;
            self.expect_product_end()?;
            self.add(product, target, start)?;
            sign = if self.take(TokenKind::Sign('+')) {
                1
            } else if self.take(TokenKind::Sign('-')) {
                -1
            } else {
                return Ok(());
            };
        }
    }

    /// What the sum that begins here changes. A later sum says it: what looks like the first one's next line is none.
    fn target(&mut self) -> Result<Target, RuleError> {
        let start = self.place();
        let named = match self.tokens.get(self.at..self.at + 2) {
            Some([Token { kind: TokenKind::Name(name), at }, Token { kind: TokenKind::Sign('='), .. }]) => {
                self.at += 2;
                match *name {
                    "dw" => Some(Target::Weight),
                    "dt" => Some(Target::Tag),
                    "dd" => Some(Target::Delay),
                    _ => return self.fail(*at, format!("`{name}` cannot be changed; dw, dt and dd can")),
                }
            }
            _ => None,
        };
        let target = named.unwrap_or(Target::Weight);
        if named.is_none() && !self.sums.is_empty() {
            return self.fail(start, "a second sum needs dw, dt or dd; a sum stays in one line");
        }
        if self.sums.contains(&target) {
            return self.fail(start, "this is assigned a second time");
        }
        self.sums.push(target);
        Ok(target)
    }

    /// What is wrong in the writing is said before what is missing in the meaning.
    fn expect_product_end(&self) -> Result<(), RuleError> {
        match self.peek().map(|token| token.kind) {
            None | Some(TokenKind::End | TokenKind::Sign('+' | '-')) => Ok(()),
            Some(_) => self.fail(self.place(), "expected `*`, `+` or `-`"),
        }
    }

    fn product(&mut self, sign: i64) -> Result<Product, RuleError> {
        let mut product = Product { mantissa: sign, ..Product::default() };
        loop {
            self.factor(&mut product)?;
            if !self.take(TokenKind::Sign('*')) {
                return Ok(product);
            }
        }
    }

    fn factor(&mut self, product: &mut Product) -> Result<(), RuleError> {
        let Some(token) = self.peek() else {
            return self.fail(self.place(), "a factor is missing at the end");
        };
        match token.kind {
            TokenKind::Number(number) => {
                self.at += 1;
                self.number(number, token.at, product)
            }
            TokenKind::Name("sgn" | "sign") => {
                self.at += 1;
                self.expect(TokenKind::Sign('('), "`(`")?;
                let inner = self.take(TokenKind::Sign('('));
                let (variable, constant) = self.shifted()?;
                if inner {
                    self.expect(TokenKind::Sign(')'), "`)`")?;
                }
                self.expect(TokenKind::Sign(')'), "`)`")?;
                product.factors.push(Factor { variable, sign: true, constant });
                Ok(())
            }
            TokenKind::Name(name) => {
                self.at += 1;
                self.variable(name, token.at, product)
            }
            TokenKind::Sign('(') => {
                self.at += 1;
                self.bracket(product)
            }
            _ => self.fail(token.at, "a number, a variable or a bracket is missing here"),
        }
    }

    /// A whole number, or a power of two.
    fn number(&mut self, number: i64, at: usize, product: &mut Product) -> Result<(), RuleError> {
        if !self.take(TokenKind::Sign('^')) {
            product.mantissa = product.mantissa.saturating_mul(number);
            return Ok(());
        }
        if number != 2 {
            return self.fail(at, "only powers of 2 are computed");
        }
        let bracket = self.take(TokenKind::Sign('('));
        let exponent = self.signed()?;
        if bracket {
            self.expect(TokenKind::Sign(')'), "`)`")?;
        }
        product.exponent = product.exponent.saturating_add(exponent);
        Ok(())
    }

    fn signed(&mut self) -> Result<i64, RuleError> {
        let minus = self.take(TokenKind::Sign('-'));
        if !minus {
            self.take(TokenKind::Sign('+'));
        }
        match self.peek() {
            Some(Token { kind: TokenKind::Number(number), .. }) => {
                self.at += 1;
                Ok(if minus { -number } else { number })
            }
            _ => self.fail(self.place(), "a whole number is missing here"),
        }
    }

    /// `(-2)` or `(x1-20)`.
    fn bracket(&mut self, product: &mut Product) -> Result<(), RuleError> {
        if matches!(self.peek(), Some(Token { kind: TokenKind::Name(_), .. })) {
            let (variable, constant) = self.shifted()?;
            product.factors.push(Factor { variable, sign: false, constant });
        } else {
            let number = self.signed()?;
            product.mantissa = product.mantissa.saturating_mul(number);
        }
        self.expect(TokenKind::Sign(')'), "`)`")
    }

    /// A variable, perhaps with a constant added.
    fn shifted(&mut self) -> Result<(Variable, i32), RuleError> {
        let Some(Token { kind: TokenKind::Name(name), at }) = self.peek() else {
            return self.fail(self.place(), "a variable is missing here");
        };
        self.at += 1;
        let Some(variable) = tokens::variable(name) else { return self.fail(at, tokens::no_variable(name)) };
        if !self.next_is(TokenKind::Sign('+')) && !self.next_is(TokenKind::Sign('-')) {
            return Ok((variable, 0));
        }
        let place = self.place();
        let constant = i32::try_from(self.signed()?).ok().filter(|constant| self.limits.constant.contains(constant));
        match constant {
            Some(constant) => Ok((variable, constant)),
            None => self.fail(place, format!("the constant is outside {:?}", self.limits.constant)),
        }
    }

    /// A variable as a factor, or when the product is evaluated.
    fn variable(&self, name: &str, at: usize, product: &mut Product) -> Result<(), RuleError> {
        let due = match name {
            "x0" => Some(Dependency::X0),
            "y0" => Some(Dependency::Y0),
            _ => tokens::epochs(name).map(Dependency::U),
        };
        match (due, product.dependency) {
            (Some(due), None) => product.dependency = Some(due),
            (Some(Dependency::U(_)), Some(_)) => {
                return self.fail(at, format!("`{name}` comes after what says when this product is evaluated"));
            }
            _ => match tokens::variable(name) {
                Some(variable) => product.factors.push(Factor { variable, ..Factor::NONE }),
                None => return self.fail(at, tokens::no_variable(name)),
            },
        }
        Ok(())
    }

    /// Checks a product against the limits and keeps it.
    fn add(&mut self, product: Product, target: Target, start: usize) -> Result<(), RuleError> {
        let Product { mantissa, exponent, dependency, factors } = product;
        let Some(dependency) = dependency else { return self.fail(start, "every product needs x0, y0 or u_k") };
        let mut factor = [Factor::NONE; 4];
        if factors.len() > factor.len() {
            return self.fail(start, format!("{} factors, at most {} are possible", factors.len(), factor.len()));
        }
        for (place, given) in factor.iter_mut().zip(&factors) {
            *place = *given;
        }
        let within = |value: i64, range: &RangeInclusive<i32>| i32::try_from(value).ok().filter(|v| range.contains(v));
        let Some(mantissa) = within(mantissa, &self.limits.mantissa) else {
            return self.fail(start, format!("the mantissa {mantissa} is outside {:?}", self.limits.mantissa));
        };
        let Some(exponent) = within(exponent, &self.limits.exponent) else {
            return self.fail(start, format!("the exponent {exponent} is outside {:?}", self.limits.exponent));
        };
        let profiles = self.profiles;
        let product =
            ProductRecord { target, profiles, dependency, mantissa, exponent, factors: factors.len(), factor };
        if product.width(0) + (32 - mantissa.unsigned_abs().leading_zeros()) > 31 {
            return self.fail(start, "the product can exceed 31 bits");
        }
        if self.products.len() == self.limits.products {
            return self.fail(start, format!("more than {} products", self.limits.products));
        }
        self.products.push(product);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

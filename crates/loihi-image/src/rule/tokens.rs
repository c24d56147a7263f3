//! A rule as tokens, and where they are.

use super::RuleError;
use loihi_core::image::Variable;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'t> {
    Number(i64),
    Name(&'t str),
    /// One of `+ - * ^ ( ) =`.
    Sign(char),
    /// The end of a line, or a `;`.
    End,
}

/// A token and the byte where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    pub(super) at: usize,
}

const VARIABLES: [(&str, Variable); 11] = [
    ("x0", Variable::X0),
    ("x1", Variable::X1),
    ("x2", Variable::X2),
    ("y0", Variable::Y0),
    ("y1", Variable::Y1),
    ("y2", Variable::Y2),
    ("y3", Variable::Y3),
    ("r1", Variable::R1),
    ("w", Variable::W),
    ("t", Variable::T),
    ("d", Variable::D),
];

/// The variable of this name.
pub(super) fn variable(name: &str) -> Option<Variable> {
    VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, variable)| *variable)
}

/// The name of a variable.
pub(super) fn name(variable: Variable) -> &'static str {
    VARIABLES.iter().find(|(_, known)| *known == variable).map_or("1", |(name, _)| name)
}

/// The k of `u0` to `u9`.
pub(super) fn epochs(name: &str) -> Option<u32> {
    let digit = name.strip_prefix('u')?;
    if digit.len() == 1 { digit.parse().ok() } else { None }
}

pub(super) fn no_variable(name: &str) -> String {
    format!("`{name}` is not a variable; variables are x0 x1 x2 y0 y1 y2 y3 r1 w t d u0..u9")
}

/// Splits a rule.
pub(super) fn split(text: &str) -> Result<Vec<Token<'_>>, RuleError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let length = match first {
            '\n' | ';' => {
                tokens.push(Token { kind: TokenKind::End, at });
                1
            }
            _ if first.is_whitespace() => first.len_utf8(),
            '0'..='9' => {
                let length = rest.bytes().take_while(u8::is_ascii_digit).count();
                let number = rest.get(..length).and_then(|digits| digits.parse().ok());
                let number = number.ok_or_else(|| error(text, at, "the number is too large"))?;
                tokens.push(Token { kind: TokenKind::Number(number), at });
                length
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                tokens.push(Token { kind: TokenKind::Name(rest.get(..length).unwrap_or_default()), at });
                length
            }
            '+' | '-' | '*' | '^' | '(' | ')' | '=' => {
                tokens.push(Token { kind: TokenKind::Sign(first), at });
                1
            }
            other => return Err(error(text, at, format!("`{other}` has no meaning in a rule"))),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(tokens)
}

/// An error at a byte of the text.
pub(super) fn error(text: &str, at: usize, what: impl Into<String>) -> RuleError {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line_first = before.rfind('\n').map_or(0, |end| end + 1);
    let source_line = text.get(line_first..).unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    RuleError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_first..).unwrap_or_default().chars().count() + 1,
        what: what.into(),
        source_line,
    }
}

/// What stands before the caret: as wide as the line up to that column, tabs where it has them.
pub(super) fn indent(line: &str, column: usize) -> String {
    let before = line.chars().chain(std::iter::repeat(' ')).take(column.saturating_sub(1));
    before.map(|letter| if letter == '\t' { letter } else { ' ' }).collect()
}

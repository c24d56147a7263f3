//! Lines of text as samples and commands.
//!
//! | line | meaning |
//! |---|---|
//! | `7 0 0 5 13 …` | a sample of class 7: answer, then learn it |
//! | `? 0 0 5 13 …` | a sample: answer |
//! | `state` | what was learned, in figures |
//! | `keep` | keep it now |
//! | nothing, or `# …` | nothing |
//!
//! Numbers stand apart by blanks, commas or semicolons, and a line ends with a line feed, a carriage return or both: a line of
//! a CSV file whose first column is the class is a sample.

use core::fmt;

/// Longest word of a line: a value, or a command.
const WORD_BYTES: usize = 6;

/// What a line asks for. The values of a sample are those of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answer, then learn this class.
    Learn {
        /// The class.
        class: usize,
    },
    /// Answer.
    Ask,
    /// Tell what was learned, in figures.
    State,
    /// Keep what was learned.
    Keep,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// A word is neither a command nor a number that fits its place.
    Word {
        /// Its place in the line, from 1.
        place: usize,
    },
    /// The network has no such class.
    Class {
        /// The classes of the network.
        classes: usize,
    },
    /// A sample has too few values, or too many.
    Values {
        /// Values in the line.
        found: usize,
        /// Values that the network takes.
        expected: usize,
    },
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word { place } => {
                write!(
                    f,
                    "word {place} is not a number: give a class or `?`, then values of -32768 to 32767, or `state`, or `keep`"
                )
            }
            Self::Class { classes } => {
                write!(f, "the network has no such class: give one of 0 to {}", classes.saturating_sub(1))
            }
            Self::Values { found, expected } => write!(f, "the line has {found} values: give {expected}"),
        }
    }
}

impl core::error::Error for LineError {}

/// What the first word of a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Command(Command),
    Comment,
}

/// Takes lines byte by byte, whatever their length.
///
/// ```
/// use firmware_standalone::lines::{Command, Reader};
///
/// let mut values = [0; 3];
/// let mut reader = Reader::new(&mut values, 10);
/// let taken: Vec<_> = b"7, 1 -2 300\n".iter().filter_map(|byte| reader.push(*byte)).collect();
/// assert_eq!(taken, [Ok(Command::Learn { class: 7 })]);
/// assert_eq!(reader.values(), [1, -2, 300]);
/// ```
#[derive(Debug)]
pub struct Reader<'v> {
    values: &'v mut [i16],
    classes: usize,
    word: [u8; WORD_BYTES],
    /// Bytes of the word, also those for which there is no room.
    word_bytes: usize,
    first: Option<First>,
    /// Values so far.
    found: usize,
    error: Option<LineError>,
}

impl<'v> Reader<'v> {
    /// For samples of as many values as there is room, and of classes below `classes`.
    pub const fn new(values: &'v mut [i16], classes: usize) -> Self {
        Self { values, classes, word: [0; WORD_BYTES], word_bytes: 0, first: None, found: 0, error: None }
    }

    /// The values of the last sample.
    pub const fn values(&self) -> &[i16] {
        self.values
    }

    /// Takes a byte; what a line asks for when it is its last.
    pub fn push(&mut self, byte: u8) -> Option<Result<Command, LineError>> {
        match byte {
            b'\n' | b'\r' => {
                self.end_word();
                self.end_line()
            }
            b' ' | b'\t' | b',' | b';' => {
                self.end_word();
                None
            }
            _ => {
                if let Some(place) = self.word.get_mut(self.word_bytes) {
                    *place = byte;
                }
                self.word_bytes = self.word_bytes.saturating_add(1);
                None
            }
        }
    }

    fn end_word(&mut self) {
        let bytes = core::mem::take(&mut self.word_bytes);
        if bytes == 0 || self.first == Some(First::Comment) || self.error.is_some() {
            return;
        }
        let word = self.word;
        let word = word.get(..bytes).and_then(|word| core::str::from_utf8(word).ok());
        if self.first.is_none() {
            let is_comment = self.word.starts_with(b"#");
            self.first = if is_comment { Some(First::Comment) } else { self.first_word(word) };
            return;
        }
        self.found = self.found.saturating_add(1);
        let place = self.found.saturating_add(1);
        match word.map(str::parse) {
            Some(Ok(value)) => {
                if let Some(to) = self.values.get_mut(self.found - 1) {
                    *to = value;
                }
            }
            _ => self.error = Some(LineError::Word { place }),
        }
    }

    fn first_word(&mut self, word: Option<&str>) -> Option<First> {
        let command = match word {
            Some("?") => Command::Ask,
            Some("state") => Command::State,
            Some("keep") => Command::Keep,
            _ => match word.map(str::parse) {
                Some(Ok(class)) if class < self.classes => Command::Learn { class },
                Some(Ok(_)) => return self.fail(LineError::Class { classes: self.classes }),
                _ => return self.fail(LineError::Word { place: 1 }),
            },
        };
        Some(First::Command(command))
    }

    fn fail(&mut self, error: LineError) -> Option<First> {
        self.error = Some(error);
        None
    }

    fn end_line(&mut self) -> Option<Result<Command, LineError>> {
        let (first, error) = (self.first.take(), self.error.take());
        let found = core::mem::take(&mut self.found);
        if let Some(error) = error {
            return Some(Err(error));
        }
        let First::Command(command) = first? else { return None };
        let expected = match command {
            Command::Learn { .. } | Command::Ask => self.values.len(),
            Command::State | Command::Keep => 0,
        };
        Some(if found == expected { Ok(command) } else { Err(LineError::Values { found, expected }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Vec<Result<Command, LineError>> {
        let mut values = [0; 2];
        let mut reader = Reader::new(&mut values, 10);
        text.bytes().filter_map(|byte| reader.push(byte)).collect()
    }

    #[test]
    fn every_kind_of_line_is_read() {
        let learn = |class| Ok(Command::Learn { class });
        assert_eq!(taken("9,1,2\r\n\r\n# 7 1 2 of a file\n0 -1\t2 \n"), [learn(9), learn(0)]);
        let all = [Ok(Command::Ask), Ok(Command::State), Ok(Command::Keep)];
        assert_eq!(taken("? 1;2\nstate\nkeep\n"), all);
        assert_eq!(taken("7 1 2"), [], "a line that has not ended");
    }

    #[test]
    fn what_is_wrong_is_said_and_the_next_line_is_read() {
        let values = |found, expected| Err(LineError::Values { found, expected });
        let word = |place| Err(LineError::Word { place });
        assert_eq!(
            taken("7 1\n7 1 2 3\nkeep 4\n? 1 2\n"),
            [values(1, 2), values(3, 2), values(1, 0), Ok(Command::Ask)]
        );
        assert_eq!(taken("10 1 2\n"), [Err(LineError::Class { classes: 10 })]);
        assert_eq!(taken("x 1 2\n-1 1 2\n1 1 y\n1 40000 2\n1 1 0.5\n"), [word(1), word(1), word(3), word(2), word(3)]);
        assert_eq!(taken("1 2 \u{e9}\n1 1 2123456789123456789\n\u{0}\n"), [word(3), word(3), word(1)]);
        for error in [LineError::Word { place: 3 }, LineError::Class { classes: 10 }] {
            assert!(!error.to_string().contains(". "), "{error}");
        }
    }
}

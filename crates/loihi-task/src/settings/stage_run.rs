//! Runs class after class, in words.

/// A run class after class, as [`TaskForm::stages`](super::TaskForm::stages) has it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StageRun {
    /// How samples are divided into tasks.
    pub by: StagesBy,
    /// Samples of each class that the device keeps; 0 for none.
    pub replay_samples: u16,
    /// Share of a task's showings that are recalled samples.
    pub replay_share: f64,
}

/// How samples are divided into tasks that come one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagesBy {
    /// This many classes at a time.
    Class(u32),
    /// By a column of the data.
    Column(String),
}

impl std::str::FromStr for StageRun {
    type Err = String;

    /// Reads `by-class:2` or `by-column:NAME`, then `replay:SAMPLES` and `share:SHARE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || {
            format!(
                "invalid stages `{text}`: give by-class:NUMBER or by-column:NAME, then ,replay:SAMPLES,share:SHARE if wanted"
            )
        };
        let mut parts = text.split(',').map(|part| part.split_once(':').ok_or_else(invalid));
        let by = match parts.next().ok_or_else(invalid)?? {
            ("by-class", number) => {
                let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(invalid)?;
                StagesBy::Class(number)
            }
            ("by-column", name) if !name.is_empty() => StagesBy::Column(name.to_owned()),
            _ => return Err(invalid()),
        };
        let mut run = Self { by, replay_samples: 0, replay_share: 0.4 };
        for part in parts {
            match part? {
                ("replay", number) => run.replay_samples = number.parse().map_err(|_| invalid())?,
                ("share", share) => {
                    let share = share.parse().ok().filter(|share| (0.0..=0.9).contains(share));
                    run.replay_share = share.ok_or_else(invalid)?;
                }
                _ => return Err(invalid()),
            }
        }
        Ok(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_read_from_text() {
        let run: StageRun = "by-class:2,replay:20,share:0.4".parse().unwrap();
        assert_eq!(run, StageRun { by: StagesBy::Class(2), replay_samples: 20, replay_share: 0.4 });
        let run: StageRun = "by-column:user".parse().unwrap();
        assert_eq!(run.by, StagesBy::Column("user".to_owned()));
        for text in
            ["", "by-class", "by-class:0", "by-class:x", "by-column:", "by-class:2,replay:x", "by-class:2,share:2"]
        {
            assert!(text.parse::<StageRun>().unwrap_err().contains("give by-class:NUMBER"), "{text}");
        }
    }
}

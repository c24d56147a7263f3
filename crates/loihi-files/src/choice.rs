//! Enums whose values are chosen by name: on a command line, in a file.

/// An enum whose values have names.
pub trait Choice: Copy + PartialEq + Send + Sync + 'static {
    /// All values, in the order of their declaration.
    const ALL: &'static [Self];

    /// The name by which it is chosen.
    fn name(self) -> &'static str;

    /// One line about it.
    fn about(self) -> &'static str;

    /// The value of this name.
    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.name() == name)
    }
}

/// Declares an enum that implements [`Choice`](crate::choice::Choice): every value has one line of documentation, which is
/// also what [`about`](crate::choice::Choice::about) says, and a name.
///
/// ```
/// loihi_files::choices! {
///     /// Where time begins.
///     #[derive(Default)]
///     pub enum Time {
///         /// With the first event
///         #[default]
///         First = "first",
///         /// At 0
///         Absolute = "absolute",
///     }
/// }
/// use loihi_files::choice::Choice;
/// assert_eq!(Time::of_name("absolute"), Some(Time::Absolute));
/// assert_eq!(Time::default().about().trim(), "With the first event");
/// ```
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(#[doc = $about:literal] $(#[$attribute:ident])* $value:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = $about] $(#[$attribute])* $value,)+
        }

        impl $crate::choice::Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            fn about(self) -> &'static str {
                match self {
                    $(Self::$value => $about,)+
                }
            }
        }
    };
}

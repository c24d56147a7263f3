//! One value for all, or one for each.

/// A value for all elements, or one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Each<T> {
    /// All have this one.
    Same(T),
    /// One for each, in their order.
    Every(Vec<T>),
}

impl<T: Clone + PartialEq> Each<T> {
    /// That of an element; `None` past the end.
    pub fn get(&self, at: usize) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Every(values) => values.get(at),
        }
    }

    /// All different values, each at its first element.
    pub fn values(&self) -> &[T] {
        match self {
            Self::Same(value) => std::slice::from_ref(value),
            Self::Every(values) => values,
        }
    }

    /// One for each of these, or one for all if they are equal.
    pub fn of(values: Vec<T>) -> Self {
        match values.first() {
            Some(first) if values.iter().all(|value| value == first) => Self::Same(first.clone()),
            _ => Self::Every(values),
        }
    }
}

impl<T> From<T> for Each<T> {
    fn from(value: T) -> Self {
        Self::Same(value)
    }
}

impl<T> From<Vec<T>> for Each<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Every(values)
    }
}

//! Names and texts as they stand on a page.

/// A text that may stand in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Names as they are read.
pub(super) fn in_words(name: &str) -> String {
    name.replace('_', " ")
}

/// A text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_on_a_page_as_they_are() {
        assert_eq!(escaped("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(
            (in_words("rms_error"), capital("test"), capital("")),
            ("rms error".to_owned(), "Test".to_owned(), String::new())
        );
    }
}

//! A cell of a table: where it is, and what is wrong with it, in words.

use super::error::quoted;

/// A cell of a table, as messages have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    /// What is written in it.
    pub text: &'a str,
    /// Its column, from 0.
    pub column: usize,
    /// The name of the column, if the table has names.
    pub name: Option<&'a str>,
    /// Whether the last column is taken for the class, as no column is called so.
    pub is_class_last: bool,
}

impl Cell<'_> {
    /// A column by its number, from 1, and its name.
    fn place(self) -> String {
        let number = self.column + 1;
        self.name.map_or_else(|| format!("column {number}"), |name| format!("column {number}, {},", quoted(name)))
    }

    /// A sentence about the cell.
    pub(crate) fn said(self, what: &str) -> String {
        format!("{} in {} {what}", quoted(self.text), self.place())
    }

    fn empty(self, wanted: &str) -> String {
        format!("{} is empty: {wanted}", self.place())
    }

    /// What is wrong with a cell that should hold a finite number.
    pub(crate) fn no_number(self) -> String {
        let advice = match self.name {
            _ if self.text.is_empty() => return self.empty("write a number, or leave the row out"),
            _ if self.is_number() || !self.is_class_last => "",
            Some(_) => ": if these are classes, call the column `label` and number them from 0",
            None => ": if these are classes, make their column the last one and number them from 0",
        };
        self.said(&format!("is not a number{advice}"))
    }

    /// What is wrong with a cell that should hold a class.
    pub(crate) fn no_class(self) -> String {
        let whole =
            if self.is_class_last { ", for which the last column is taken" } else { ", which is a whole number" };
        let advice = match (self.is_class_last, self.name) {
            _ if self.text.is_empty() => return self.empty("write its class, 0 for the first one"),
            _ if !self.is_number() => "number the classes from 0",
            (false, _) => "write 0 for the first class, 1 for the next",
            (true, Some(_)) => "write a whole number, 0 for the first class, or call the column of classes `label`",
            (true, None) => {
                "write a whole number, 0 for the first class, or name the columns in a first row, that of classes `label`"
            }
        };
        self.said(&format!("is not a class{whole}: {advice}"))
    }

    /// What is wrong with an empty cell that should name a stage.
    pub(crate) fn no_stage(self) -> String {
        self.empty("name the stage")
    }

    fn is_number(self) -> bool {
        self.text.parse::<f64>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_follows_from_what_is_written_and_from_the_names() {
        let cell = |text, name, is_class_last| Cell { text, column: 1, name, is_class_last };
        for (text, name, is_class_last, number, class) in [
            ("", None, true, "column 2 is empty: write a number", "column 2 is empty: write its class"),
            ("", Some("sl"), false, "column 2, `sl`, is empty: ", "column 2, `sl`, is empty: "),
            (
                "nan",
                Some("sl"),
                true,
                "`nan` in column 2, `sl`, is not a number",
                "or call the column of classes `label`",
            ),
            (
                "cat",
                Some("pet"),
                true,
                "`cat` in column 2, `pet`, is not a number: if these are classes, call the column `label` and number them",
                "is not a class, for which the last column is taken: number the classes from 0",
            ),
            ("cat", None, true, "make their column the last one", "number the classes from 0"),
            (
                "cat",
                Some("label"),
                false,
                "is not a number",
                "is not a class, which is a whole number: number the classes",
            ),
            ("2.5", None, true, "`2.5` in column 2 is not a number", "name the columns in a first row"),
            (
                "2.5",
                None,
                false,
                "is not a number",
                "which is a whole number: write 0 for the first class, 1 for the next",
            ),
        ] {
            let cell = cell(text, name, is_class_last);
            let said = [cell.no_number(), cell.no_class()];
            assert!(said[0].contains(number) && said[1].contains(class), "{said:?}");
            assert!(!text.is_empty() || !said.concat().contains("``"), "{said:?}");
        }
    }
}

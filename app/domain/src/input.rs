//! Errors in input: a file, a setting, a form of the back office.
//!
//! Codes are permanent and carry data, not words: the text is made in the reader's language.

use crate::newer::{codes, open};
use crate::{Cents, Day, Lang, Points};
use serde::{Deserialize, Serialize};

/// An error and its location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputError {
    /// Outermost first: the file, the item in it, its field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<InputPlace>,
    /// The offending value, if it helps to find the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(flatten)]
    pub code: InputCode,
}

open! {
    /// A component of an error's location.
    pub enum InputPlace {
        /// File name.
        File(String) = "file",
        /// Line number, from 1.
        Line(u64) = "line",
        /// A column of a table, or a field of a form or TOML file: `brand.accent`.
        Field(String) = "field",
        Event(String) = "event",
        Reward(String) = "reward",
        Question(String) = "question",
        Tier(String) = "tier",
        Trade(String) = "trade",
        Course(String) = "course",
        Staff(String) = "staff",
        /// An earning rule, by its version.
        Earning(u32) = "earning",
    }
}

codes! {
    /// Kinds of items that have a ref or an id.
    pub enum RefKind {
        Company = "company",
        Member = "member",
        Staff = "staff",
        Event = "event",
        Reward = "reward",
        Course = "course",
        Lesson = "lesson",
        Picture = "picture",
        File = "file",
        Request = "request",
        Tier = "tier",
        Trade = "trade",
        Transfer = "transfer",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum InputCode {
    /// The value is empty.
    Empty,
    /// A required value is missing.
    Missing,
    /// A duplicate. `first_line`: the line of the first occurrence, in a file of lines.
    Twice {
        first_line: Option<u64>,
    },
    /// The value is none of `known`.
    Unknown {
        known: Vec<String>,
    },
    /// As `Unknown`, for a column name; `nearest`: the known ones that are most like it.
    UnknownColumn {
        known: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        nearest: Vec<String>,
    },
    /// An unused field, perhaps a typo.
    UnknownField,
    NotUtf8,
    /// `said`: the error message of the TOML, CSV or folder reader, in English.
    Unreadable {
        said: String,
    },
    /// It must have the form of `like`.
    MustLookLike {
        like: String,
    },
    NotAWholeNumber,
    /// It must be a whole number from `least` to `most`.
    OutOfRange {
        least: i64,
        most: i64,
    },
    /// It must be a number from `least` to `most`; whole or not.
    OutOfBounds {
        least: i64,
        most: i64,
    },
    /// It must be a whole number, `least` or more.
    TooSmall {
        least: i64,
    },
    /// Longer than `most` characters, or with control characters.
    TooLong {
        most: u32,
    },
    /// A row has `values` values; the header line names `columns` columns.
    WrongWidth {
        values: u32,
        columns: u32,
    },
    /// The header line is missing.
    NoColumns,
    /// A value in a column, counted from 1, that has no name.
    NamelessColumn {
        column: u32,
    },
    /// The encoding is none that is guessed; it may be `likely`.
    EncodingUnclear {
        likely: String,
    },
    /// `most` megabytes.
    FileTooLarge {
        most: u64,
    },
    /// A spreadsheet of a kind that is not read, or one with a password.
    AnotherSpreadsheet,
    /// More than one sheet names the columns.
    SheetUnclear {
        sheets: Vec<String>,
    },
    /// A quote within a value that does not begin with one, or behind the one that ends it.
    StrayQuote,
    /// A value in quotes that does not end on its line.
    QuoteNotClosed,
    ControlCharacter {
        character: u32,
    },
    /// UTF-8 that was taken for Windows-1252 and saved again.
    TwiceEncoded,
    /// `#N/A` and its like.
    SpreadsheetError,
    /// `4,5E+15`, where a spreadsheet has rounded a number.
    RoundedBySpreadsheet,
    /// A spreadsheet has taken it for a day.
    TurnedIntoDay,
    /// The same as the ref `known` but for zeros in front.
    LostZeros {
        known: String,
    },
    /// The same as the ref `known` but for capitals or the way its letters are composed.
    AlmostKnown {
        known: String,
    },
    /// A phone number without its first 0, read as `number`. A note: the row is good.
    PhoneZeroLost {
        number: String,
    },
    /// A phone number without its first 0, which may be `number`.
    PhoneZeroMissing {
        number: String,
    },
    /// `1.234`: nothing in the column proves whether the sign is decimal.
    NumberUnclear,
    /// `01/10/2026`: nothing in the column proves whether the day is first.
    DateUnclear,
    /// A year of two digits.
    ShortYear,
    /// A day that programs write where there is none, such as 1899-12-30.
    NoDay,
    /// No `what` has this ref or id.
    NotThere {
        what: RefKind,
    },
    /// There is no such company. Companies can be created from orders if that is requested.
    NoCompanyYet,
    NotOfCompany {
        company: String,
    },
    /// Another member signs in with it.
    AddressTaken {
        member: String,
    },
    /// A member needs a phone number or an e-mail address.
    NoAddress,
    NotAPhoneNumber,
    NotAnEmailAddress,
    AfterToday {
        today: Day,
    },
    /// It would begin before now.
    InThePast,
    /// It would begin after `latest`.
    TooFarAhead {
        latest: Day,
    },
    /// The clocks are set forward over this hour.
    HourSkipped,
    /// The clocks are set back, and show this hour twice.
    HourTwice,
    /// The programme's first rule holds from the year of `first` on.
    BeforeProgramme {
        first: Day,
    },
    /// Quantity and amount have different signs; a return has both negative.
    SignsDiffer,
    /// The order of this number was bought, and now it is a return, or the other way round.
    SignTurned,
    /// The order of this number is of another company and another amount.
    OtherOrder {
        company: String,
    },
    /// A row that returns an order has a negative amount.
    ReturnNotNegative,
    /// The row returns a return, or itself.
    ReturnOfReturn,
    /// The order it returns, or its return, is of another company.
    ReturnOfAnotherCompany,
    /// More is returned than was bought; so many hundredths are left.
    MoreReturned {
        left: Cents,
    },
    /// At most so many units of currency, in either direction.
    AmountTooLarge {
        most: Cents,
    },
    /// It would bring more points than `most`.
    TooManyPoints {
        most: Points,
    },
    /// The ledger cannot book it. `said`: why, in English.
    NotBooked {
        said: String,
    },
    UnknownTimeZone,
    /// Not a ref: letters, digits, `-` and `_`.
    NotARef,
    /// `tenths`: the colour's contrast on the paper, in tenths; text needs 45.
    NoContrast {
        tenths: u32,
    },
    NoTextIn {
        language: Lang,
    },
    /// The lowest tier begins at 0.
    FirstTierNotAtZero {
        threshold: Points,
    },
    ThresholdNotAbove {
        tier: String,
    },
    EndsBeforeItBegins,
    /// The change would remove a trade that members have.
    TradeInUse,
    /// Published content names this tier or trade, and it would go.
    StillUsed {
        by: Vec<InputPlace>,
    },
    PlaceOrWebinar,
    NotHttps,
    /// The new capacity is less than the `taken` seats.
    SeatsTaken {
        taken: i64,
    },
    NoPictureHere {
        picture: String,
    },
    PictureTooLarge {
        bytes: u64,
        most: u64,
    },
    NotAPicture,
    NoTitleLine,
    /// Members may have this version with other content. `newest`: the newest version.
    VersionUsed {
        newest: i64,
    },
    VersionNotAbove {
        newest: i64,
    },
    PointsNeedGradedQuestions,
    NoOptionsHere,
    NoOption {
        place: u8,
    },
    NothingRight,
    /// The key does not fit the kind of question.
    CorrectDoesNotFit,
    SameWallet,
    /// The ref is used by another transfer.
    AnotherTransfer {
        points: Points,
        on: Day,
    },
    CannotMerge,
    MergedBefore,
    NotMerged,
    OnlyMemberTakesBack,
    /// A request at step `from` cannot become `to`.
    CannotBecome {
        from: String,
        to: String,
    },
    /// An error of a newer server. Only ever read.
    #[serde(other, skip_serializing)]
    Newer,
}

/// The [`InputCode`] for a value that is none of `known`.
pub fn one_of<T: Into<String>>(known: impl IntoIterator<Item = T>) -> InputCode {
    InputCode::Unknown {
        known: known.into_iter().map(Into::into).collect(),
    }
}

impl InputPlace {
    pub fn field(name: &str) -> InputPlace {
        InputPlace::Field(name.to_owned())
    }
}

impl InputCode {
    pub fn like(like: &str) -> InputCode {
        InputCode::MustLookLike {
            like: like.to_owned(),
        }
    }

    /// Adds the offending value.
    pub fn given(self, value: impl Into<String>) -> InputError {
        InputError::from(self).given(value)
    }

    /// Adds the location.
    pub fn at(self, place: InputPlace) -> InputError {
        InputError::from(self).within(place)
    }

    /// Adds the name of the field as the location.
    pub fn field(self, name: &str) -> InputError {
        self.at(InputPlace::field(name))
    }

    /// A sample of each code this version writes, for tests that cover all of them.
    pub fn examples() -> Vec<InputCode> {
        let known = vec!["a".to_owned(), "b".to_owned()];
        vec![
            InputCode::Empty,
            InputCode::Missing,
            InputCode::Twice { first_line: None },
            InputCode::Unknown { known: known.clone() },
            InputCode::UnknownColumn {
                known,
                nearest: Vec::new(),
            },
            InputCode::UnknownField,
            InputCode::NotUtf8,
            InputCode::Unreadable { said: "said".into() },
            InputCode::like("2026-11-21"),
            InputCode::NotAWholeNumber,
            InputCode::OutOfRange { least: 1, most: 9 },
            InputCode::OutOfBounds { least: -90, most: 90 },
            InputCode::TooSmall { least: 1 },
            InputCode::TooLong { most: 200 },
            InputCode::WrongWidth {
                values: 4,
                columns: 6,
            },
            InputCode::NoColumns,
            InputCode::NamelessColumn { column: 7 },
            InputCode::EncodingUnclear { likely: "x".into() },
            InputCode::FileTooLarge { most: 256 },
            InputCode::AnotherSpreadsheet,
            InputCode::SheetUnclear {
                sheets: vec!["s".into()],
            },
            InputCode::StrayQuote,
            InputCode::QuoteNotClosed,
            InputCode::ControlCharacter { character: 0 },
            InputCode::TwiceEncoded,
            InputCode::SpreadsheetError,
            InputCode::RoundedBySpreadsheet,
            InputCode::TurnedIntoDay,
            InputCode::LostZeros { known: "007".into() },
            InputCode::AlmostKnown { known: "c".into() },
            InputCode::PhoneZeroLost {
                number: "+33639980010".into(),
            },
            InputCode::PhoneZeroMissing {
                number: "+33639980010".into(),
            },
            InputCode::NumberUnclear,
            InputCode::DateUnclear,
            InputCode::ShortYear,
            InputCode::NoDay,
            InputCode::NotThere {
                what: RefKind::Company,
            },
            InputCode::NoCompanyYet,
            InputCode::NotOfCompany { company: "c".into() },
            InputCode::AddressTaken { member: "m".into() },
            InputCode::NoAddress,
            InputCode::NotAPhoneNumber,
            InputCode::NotAnEmailAddress,
            InputCode::AfterToday { today: Day(0) },
            InputCode::InThePast,
            InputCode::TooFarAhead { latest: Day(0) },
            InputCode::HourSkipped,
            InputCode::HourTwice,
            InputCode::BeforeProgramme { first: Day(0) },
            InputCode::SignsDiffer,
            InputCode::SignTurned,
            InputCode::OtherOrder { company: "c".into() },
            InputCode::ReturnNotNegative,
            InputCode::ReturnOfReturn,
            InputCode::ReturnOfAnotherCompany,
            InputCode::MoreReturned { left: 1234 },
            InputCode::AmountTooLarge { most: 100 },
            InputCode::TooManyPoints { most: 9 },
            InputCode::NotBooked { said: "why".into() },
            InputCode::UnknownTimeZone,
            InputCode::NotARef,
            InputCode::NoContrast { tenths: 13 },
            InputCode::NoTextIn { language: Lang::En },
            InputCode::FirstTierNotAtZero { threshold: 5 },
            InputCode::ThresholdNotAbove { tier: "t".into() },
            InputCode::EndsBeforeItBegins,
            InputCode::TradeInUse,
            InputCode::StillUsed {
                by: vec![InputPlace::Reward("r".into())],
            },
            InputCode::PlaceOrWebinar,
            InputCode::NotHttps,
            InputCode::SeatsTaken { taken: 3 },
            InputCode::NoPictureHere {
                picture: "a.png".into(),
            },
            InputCode::PictureTooLarge { bytes: 9, most: 8 },
            InputCode::NotAPicture,
            InputCode::NoTitleLine,
            InputCode::VersionUsed { newest: 2 },
            InputCode::VersionNotAbove { newest: 2 },
            InputCode::PointsNeedGradedQuestions,
            InputCode::NoOptionsHere,
            InputCode::NoOption { place: 7 },
            InputCode::NothingRight,
            InputCode::CorrectDoesNotFit,
            InputCode::SameWallet,
            InputCode::AnotherTransfer {
                points: 5,
                on: Day(0),
            },
            InputCode::CannotMerge,
            InputCode::MergedBefore,
            InputCode::NotMerged,
            InputCode::OnlyMemberTakesBack,
            InputCode::CannotBecome {
                from: "sent".into(),
                to: "accepted".into(),
            },
        ]
    }
}

impl From<InputCode> for InputError {
    fn from(code: InputCode) -> InputError {
        InputError {
            at: Vec::new(),
            value: None,
            code,
        }
    }
}

impl InputError {
    /// Prepends `place`, which encloses the location so far.
    pub fn within(mut self, place: InputPlace) -> InputError {
        self.at.insert(0, place);
        self
    }

    /// Adds the offending value.
    pub fn given(mut self, value: impl Into<String>) -> InputError {
        self.value = Some(value.into());
        self
    }

    /// The innermost field of the location, if any.
    pub fn field(&self) -> Option<&str> {
        self.at.iter().rev().find_map(|place| match place {
            InputPlace::Field(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_travels_as_code_place_and_data() {
        let error = InputCode::OutOfRange { least: 1, most: 100 }
            .field("pass_mark")
            .given("0")
            .within(InputPlace::File("course.toml".into()));
        let text = r#"{"at":[{"file":"course.toml"},{"field":"pass_mark"}],"value":"0","code":"out_of_range","least":1,"most":100}"#;
        assert_eq!(serde_json::to_string(&error).unwrap(), text);
        assert_eq!(serde_json::from_str::<InputError>(text).unwrap(), error);
        assert_eq!(error.field(), Some("pass_mark"));
        let newer = r#"{"at":[{"star":"Vega"}],"code":"too_bright","magnitude":7}"#;
        let newer: InputError = serde_json::from_str(newer).unwrap();
        assert_eq!(newer, InputCode::Newer.at(InputPlace::Newer));
    }

    #[test]
    fn codes_are_permanent() {
        let codes: Vec<String> = InputCode::examples()
            .iter()
            .map(|code| {
                serde_json::to_value(code).unwrap()["code"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(
            codes.join(" "),
            include_str!("../tests/input_codes.txt").trim_end()
        );
    }
}

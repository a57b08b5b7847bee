//! Values that a newer version wrote.
//!
//! Phones keep old builds for months, and a server may run beside a newer one. So every enum that travels or is
//! stored has a case `Newer` for what this version does not know: enums of plain codes through [`codes!`], enums
//! that carry data as `#[serde(untagged, skip_serializing)] Newer(Unread)`, refusals by `#[serde(other)]`. It is
//! only ever read. A [`crate::Command`] has none, because guessing would be worse: the server applies what it can
//! read and leaves the rest undecided.
//!
//! Files that people write are another matter: their reader refuses a `Newer`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A value that was skipped: a newer version wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unread, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Unread)
    }
}

/// Declares an enum whose values travel and are stored as permanent codes. `Newer` is added.
#[macro_export]
macro_rules! codes {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$case_meta:meta])* $case:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$case_meta])* $case,)*
            /// A code of a newer version. Only ever read.
            Newer,
        }

        impl $name {
            /// All that this version knows.
            pub const ALL: [$name; [$($code),*].len()] = [$($name::$case),*];

            pub fn code(self) -> &'static str {
                match self {
                    $($name::$case => $code,)*
                    $name::Newer => "newer",
                }
            }

            /// `None` for a code this version does not know.
            pub fn from_code(code: &str) -> Option<$name> {
                $name::ALL.into_iter().find(|known| known.code() == code)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<$name, D::Error> {
                let code = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                Ok($name::from_code(&code).unwrap_or($name::Newer))
            }
        }
    };
}
pub use codes;

#[cfg(test)]
mod tests {
    codes! {
        pub enum Colour {
            Red = "red",
            DarkBlue = "dark_blue",
        }
    }

    #[test]
    fn a_code_of_a_newer_version_reads_as_newer() {
        let read = |text| serde_json::from_str::<Colour>(text).unwrap();
        assert_eq!(read(r#""dark_blue""#), Colour::DarkBlue);
        assert_eq!(read(r#""green""#), Colour::Newer);
        assert_eq!(serde_json::to_string(&Colour::Red).unwrap(), r#""red""#);
        assert_eq!(Colour::from_code("newer"), None);
        assert!(serde_json::from_str::<Colour>("3").is_err());
    }
}

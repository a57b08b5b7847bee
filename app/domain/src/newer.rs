//! Values written by a newer version.
//!
//! Phones keep old builds for months, and a server may run beside a newer one. So every enum that is sent or stored has
//! a case `Newer` for values this version does not know: enums of plain codes through `codes!`, enums with data through
//! `open!`, refusals through `#[serde(other)]`. `Newer` is only ever read. A [`crate::Command`] and its contents have
//! no such case: the server applies commands it can read and leaves the others undecided.
//!
//! Readers of files that people write refuse `Newer`.

/// Declares an enum whose values are sent and stored as permanent codes. Adds the case `Newer`.
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
            /// All cases this version knows.
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

            /// `deserialize_with` for a command, which must not be applied in part.
            ///
            /// # Errors
            /// A code this version does not know.
            pub fn known<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<$name, D::Error> {
                let code = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                $name::from_code(&code)
                    .ok_or_else(|| ::serde::de::Error::unknown_variant(&code, &[$($code),*]))
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

/// Declares an enum with the wire form `"code"` or `{"code": …}`. Adds the case `Newer`.
///
/// Why not serde's `untagged` for that case: it copies the value before it tries, and adds a second deserializer for
/// everything in it to the phone's code.
macro_rules! open {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$case_meta:meta])* $case:ident
            $({ $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ })? $(($inner:ty))? = $code:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, ::serde::Serialize)]
        pub enum $name {
            $(
                $(#[$case_meta])*
                #[serde(rename = $code)]
                $case $({ $($(#[$field_meta])* $field: $type,)+ })? $(($inner))?,
            )+
            /// A case of a newer version. Only ever read.
            #[serde(skip_serializing)]
            Newer,
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<$name, D::Error> {
                struct Cases;
                impl<'de> ::serde::de::Visitor<'de> for Cases {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(stringify!($name))
                    }

                    fn visit_str<E: ::serde::de::Error>(self, code: &str) -> ::std::result::Result<$name, E> {
                        $($crate::newer::open!(@bare code $name $case $code $({ $($field)+ })? $(($inner))?);)+
                        Ok($name::Newer)
                    }

                    fn visit_map<M: ::serde::de::MapAccess<'de>>(
                        self,
                        mut map: M,
                    ) -> ::std::result::Result<$name, M::Error> {
                        let Some(code) = map.next_key::<String>()? else {
                            return Err(::serde::de::Error::custom("a case without a code"));
                        };
                        let value = match code.as_str() {
                            $($code => $crate::newer::open!(@value map $name $case $({ $($field: $type,)+ })? $(($inner))?),)+
                            _ => {
                                map.next_value::<::serde::de::IgnoredAny>()?;
                                $name::Newer
                            }
                        };
                        match map.next_key::<String>()? {
                            None => Ok(value),
                            Some(_) => Err(::serde::de::Error::custom("a case with two codes")),
                        }
                    }
                }
                deserializer.deserialize_any(Cases)
            }
        }
    };
    (@bare $given:ident $name:ident $case:ident $code:literal) => {
        if $given == $code {
            return Ok($name::$case);
        }
    };
    (@bare $given:ident $name:ident $case:ident $code:literal $($carries:tt)+) => {
        if $given == $code {
            return Err(E::custom("a case without its value"));
        }
    };
    (@value $map:ident $name:ident $case:ident) => {{
        $map.next_value::<()>()?;
        $name::$case
    }};
    (@value $map:ident $name:ident $case:ident ($inner:ty)) => {
        $name::$case($map.next_value::<$inner>()?)
    };
    (@value $map:ident $name:ident $case:ident { $($field:ident: $type:ty,)+ }) => {{
        #[derive(::serde::Deserialize)]
        struct Fields {
            $($field: $type,)+
        }
        let fields = $map.next_value::<Fields>()?;
        $name::$case { $($field: fields.$field,)+ }
    }};
}
pub(crate) use open;

#[cfg(test)]
mod tests {
    codes! {
        pub enum Colour {
            Red = "red",
            DarkBlue = "dark_blue",
        }
    }

    open! {
        pub enum Shape {
            Dot = "dot",
            Circle { radius: i64, } = "circle",
            Named(String) = "named",
        }
    }

    #[test]
    fn a_case_of_a_newer_version_reads_as_newer_and_a_broken_one_as_none() {
        let read = |text| serde_json::from_str::<Shape>(text);
        for (text, shape) in [
            (r#""dot""#, Shape::Dot),
            (r#"{"circle":{"radius":3}}"#, Shape::Circle { radius: 3 }),
            (r#"{"named":"x"}"#, Shape::Named("x".into())),
        ] {
            assert_eq!(read(text).unwrap(), shape);
            assert_eq!(serde_json::to_string(&shape).unwrap(), text);
        }
        for text in [r#""cube""#, r#"{"cube":{"side":[1.5,null]}}"#, r#"{"cube":1}"#] {
            assert_eq!(read(text).unwrap(), Shape::Newer, "{text}");
        }
        for text in [
            r#""circle""#,
            r#"{"circle":{}}"#,
            r#"{"circle":{"radius":"x"}}"#,
            "{}",
            "7",
            r#"{"dot":null,"cube":1}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(serde_json::to_string(&Shape::Newer).is_err());
    }

    #[test]
    fn a_code_of_a_newer_version_reads_as_newer() {
        let read = |text| serde_json::from_str::<Colour>(text).unwrap();
        assert_eq!(read(r#""dark_blue""#), Colour::DarkBlue);
        assert_eq!(read(r#""green""#), Colour::Newer);
        assert_eq!(serde_json::to_string(&Colour::Red).unwrap(), r#""red""#);
        assert_eq!(Colour::from_code("newer"), None);
        let known = |text| Colour::known(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(known(r#""red""#).unwrap(), Colour::Red);
        let refused = known(r#""green""#).unwrap_err().to_string();
        assert!(
            refused.starts_with("unknown variant `green`, expected `red` or `dark_blue`"),
            "{refused}"
        );
        assert!(serde_json::from_str::<Colour>("3").is_err());
    }
}

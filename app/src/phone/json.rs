//! A JSON deserializer for documents, with a small code size.
//!
//! Why not `serde_json` here: it generates a deserializer with positions and error messages for every type, a quarter
//! of the whole app. The phone only needs to know whether a document is readable. Fractions are not supported: nothing
//! in `domain` has any. Serializing still uses `serde_json`.

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;

/// Parses the text as a `T`; `None` if it is not one.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let mut reader = Reader { text, at: 0 };
    let value = T::deserialize(&mut reader).ok()?;
    reader.peek().is_none().then_some(value)
}

/// A value as its JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(String);

const RAW: &str = "$raw";

impl Raw {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        struct Slice;
        impl Visitor<'_> for Slice {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw(text.to_owned()))
            }
        }
        deserializer.deserialize_newtype_struct(RAW, Slice)
    }
}

/// The input does not match the type.
#[derive(Clone, Copy, Debug)]
struct Unreadable;

type Read<T> = Result<T, Unreadable>;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Unreadable
    }
    fn invalid_type(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Unreadable
    }
    fn invalid_value(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Unreadable
    }
    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Unreadable
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Unreadable
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Unreadable
    }
    fn missing_field(_: &'static str) -> Self {
        Unreadable
    }
    fn duplicate_field(_: &'static str) -> Self {
        Unreadable
    }
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Reader<'de> {
    /// Returns the next byte after white space, without consuming it.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Read<()> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        if self.peek().is_some() && self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn bool(&mut self) -> Read<bool> {
        if self.peek() == Some(b't') {
            self.word("true").map(|()| true)
        } else {
            self.word("false").map(|()| false)
        }
    }

    fn number_text(&mut self) -> &'de str {
        self.peek();
        let rest = &self.text[self.at..];
        let end = rest
            .find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A number in a value of any type; a number that is not an integer reads as a unit.
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Read<V::Value> {
        let text = self.number_text();
        match text.parse() {
            Ok(integer) => visitor.visit_i64(integer),
            Err(_) if text.is_empty() => Err(Unreadable),
            Err(_) => visitor.visit_unit(),
        }
    }

    fn integer(&mut self) -> Read<i64> {
        self.number_text().parse().map_err(|_| Unreadable)
    }

    fn string(&mut self) -> Read<Cow<'de, str>> {
        self.take(b'"')?;
        let from = self.at;
        let bytes = self.text.as_bytes();
        let mut unescaped: Option<String> = None;
        let mut copied = from;
        loop {
            match bytes.get(self.at) {
                None => return Err(Unreadable),
                Some(b'"') => {
                    let tail = &self.text[copied..self.at];
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    let letter = self.escape()?;
                    text.push(letter);
                    copied = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let letter = *self.text.as_bytes().get(self.at).ok_or(Unreadable)?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                let code = match first {
                    0xd800..=0xdbff => {
                        self.word("\\u")?;
                        let second = self.hex()?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return Err(Unreadable);
                        }
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    code => code,
                };
                char::from_u32(code).ok_or(Unreadable)?
            }
            _ => return Err(Unreadable),
        })
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Unreadable)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Unreadable)
    }

    /// Skips a value of any kind.
    fn skip(&mut self) -> Read<()> {
        let mut depth = 0u32;
        loop {
            match self.peek().ok_or(Unreadable)? {
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Unreadable)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                b'"' => {
                    self.string()?;
                }
                b't' | b'f' => {
                    self.bool()?;
                }
                b'n' => self.word("null")?,
                _ => {
                    if self.number_text().is_empty() {
                        return Err(Unreadable);
                    }
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// `true`: another entry follows. `false`: `end` was consumed.
    fn goes_on(&mut self, first: &mut bool, end: u8) -> Read<bool> {
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.take(b',')?;
        }
        Ok(true)
    }
}

macro_rules! integers {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            visitor.visit_i64(self.integer()?)
        })*
    };
}

macro_rules! same_as {
    ($as_what:ident: $($name:ident($($unused:ty),*))*) => {
        $(fn $name<V: Visitor<'de>>(self, $(_: $unused,)* visitor: V) -> Read<V::Value> {
            self.$as_what(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.peek() {
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b'"') => self.deserialize_str(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            _ => self.number(visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
    }

    same_as! { deserialize_str:
        deserialize_string() deserialize_identifier() deserialize_char() deserialize_bytes() deserialize_byte_buf()
    }

    same_as! { deserialize_seq: deserialize_tuple(usize) deserialize_tuple_struct(&'static str, usize) }

    same_as! { deserialize_map: deserialize_struct(&'static str, &'static [&'static str]) }

    same_as! { deserialize_unit: deserialize_unit_struct(&'static str) }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_bool(self.bool()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek() == Some(b'n') {
            self.word("null")?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Read<V::Value> {
        if name == RAW {
            self.peek();
            let from = self.at;
            self.skip()?;
            return visitor.visit_str(&self.text[from..self.at]);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.take(b'[')?;
        let mut entries = Entries {
            reader: self,
            first: true,
            over: false,
        };
        let value = visitor.visit_seq(&mut entries)?;
        // A tuple stops after its last element without checking for more.
        if !entries.over && entries.reader.goes_on(&mut entries.first, b']')? {
            return Err(Unreadable);
        }
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.take(b'{')?;
        visitor.visit_map(Entries {
            reader: self,
            first: true,
            over: false,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        if self.peek() == Some(b'"') {
            return visitor.visit_enum(Variant {
                reader: self,
                bare: true,
            });
        }
        self.take(b'{')?;
        let value = visitor.visit_enum(Variant {
            reader: self,
            bare: false,
        })?;
        self.take(b'}')?;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }
}

struct Entries<'a, 'de> {
    reader: &'a mut Reader<'de>,
    first: bool,
    over: bool,
}

impl Entries<'_, '_> {
    fn more(&mut self, end: u8) -> Read<bool> {
        let more = self.reader.goes_on(&mut self.first, end)?;
        self.over = !more;
        Ok(more)
    }
}

impl<'de> SeqAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.more(b']')? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        if self.more(b'}')? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        self.reader.take(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

struct Variant<'a, 'de> {
    reader: &'a mut Reader<'de>,
    bare: bool,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        let name = seed.deserialize(&mut *self.reader)?;
        if !self.bare {
            self.reader.take(b':')?;
        }
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Read<()> {
        if self.bare {
            Ok(())
        } else {
            self.reader.word("null")
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Read<T::Value> {
        if self.bare {
            Err(Unreadable)
        } else {
            seed.deserialize(self.reader)
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        if self.bare {
            Err(Unreadable)
        } else {
            self.reader.deserialize_seq(visitor)
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Read<V::Value> {
        if self.bare {
            Err(Unreadable)
        } else {
            self.reader.deserialize_map(visitor)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Command, Error, Outcome};
    use std::collections::BTreeMap;

    fn as_serde_json_does<T>(text: &str)
    where
        T: for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug,
    {
        assert_eq!(read::<T>(text), serde_json::from_str::<T>(text).ok(), "{text}");
    }

    #[test]
    fn a_reason_of_a_newer_server_leaves_the_month_readable() {
        for reason in [
            r#""expired""#,
            r#"{"transfer":{"title":{"fr":"Prime"}}}"#,
            r#"{"gift":{"from":["x",{"y":1}]}}"#,
            r#""closed""#,
        ] {
            let month = format!(
                r#"{{"wallet":"own","month":"2026-11","lines":[{{"entry":"0198c5b2-7f00-7000-8000-000000000004","at":1,"on":"2026-11-21","points":3,"reason":{reason},"expires_on":null}}]}}"#
            );
            assert!(read::<domain::ledger::Month>(&month).is_some(), "{reason}");
            as_serde_json_does::<domain::ledger::Month>(&month);
        }
    }

    #[test]
    fn values_of_every_kind() {
        for text in [
            r#""plain""#,
            r#" "a\"b\\c\/d\b\f\n\r\t" "#,
            r#""\u00e9\u20ac\ud83d\ude80""#,
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\u12""#,
            r#""\x""#,
            r#""open"#,
            r#""é€🚀\n🚀""#,
            "7",
            "",
        ] {
            as_serde_json_does::<String>(text);
        }
        for text in [
            "0",
            "-12",
            "9223372036854775807",
            "9223372036854775808",
            "1x",
            "--1",
            "",
            "\"1\"",
            "1 2",
        ] {
            as_serde_json_does::<i64>(text);
        }
        for text in ["true", " false ", "tru", "null", "1"] {
            as_serde_json_does::<bool>(text);
            as_serde_json_does::<Option<bool>>(text);
        }
        for text in [
            "[]", "[1]", "[1,2]", "[1,2,3]", "[1,]", "[,1]", "[1 2]", "[", "[1",
        ] {
            as_serde_json_does::<Vec<u8>>(text);
            as_serde_json_does::<(u8, u8)>(text);
        }
        for text in ["256", "-1", "255"] {
            as_serde_json_does::<u8>(text);
        }
        for text in [
            r#"{}"#,
            r#"{"a":1}"#,
            r#"{"a":1,}"#,
            r#"{"a" : 1 , "b":2}"#,
            r#"{"a":}"#,
            r#"{a:1}"#,
            "{",
        ] {
            as_serde_json_does::<BTreeMap<String, i64>>(text);
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let text = r#"{"x":[1.5e3,{"y":["}",null,true,-0.1]}],"id":"0198c5b2-7f00-7000-8000-000000000004","z":"\"",
            "at":1,"verdict":{"confirmed":"noted"}}"#;
        as_serde_json_does::<Outcome>(text);
        assert!(read::<Outcome>(text).is_some());
    }

    #[test]
    fn acts_outcomes_and_refusals_read_the_same_cut_anywhere() {
        let outcome = r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":{"graded":{"right":3,"of":4,"passed":true,"points":80,"unpaid":null,"review":[{"question":"q2","lesson":"01-hands","explanation":null}]}}}}"#;
        let command = r#"{"learning":{"hand_in_quiz":{"course":"0198c5b2-7f00-7000-8000-000000000001","version":2,"answers":[{"question":"q1","given":{"single":1}},{"question":"q3","given":{"true_false":true}},{"question":"q4","given":{"ordering":[2,0,1]}},{"question":"q5","given":{"number":4500}}]}}}"#;
        for end in 0..=outcome.len() {
            as_serde_json_does::<Outcome>(&outcome[..end]);
        }
        for end in 0..=command.len() {
            as_serde_json_does::<Command>(&command[..end]);
        }
        for error in Error::examples() {
            as_serde_json_does::<Error>(&serde_json::to_string(&error).unwrap());
        }
    }

    #[test]
    fn raw_is_what_was_written() {
        let raw: Vec<Raw> = read(r#"[ {"a": [1, "]"]} , "x" ,null]"#).unwrap();
        let written: Vec<&str> = raw.iter().map(Raw::as_str).collect();
        assert_eq!(written, [r#"{"a": [1, "]"]}"#, r#""x""#, "null"]);
    }
}

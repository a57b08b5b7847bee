//! Languages, and texts that the brand writes in several of them.

use serde::{Deserialize, Deserializer, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Fr,
    En,
}

impl Lang {
    pub const ALL: [Lang; 2] = [Lang::Fr, Lang::En];

    /// The language's tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Fr => "fr",
            Lang::En => "en",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.tag() == tag)
    }
}

/// For documents: a language of a newer version reads as the default.
pub(crate) fn known_or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lang, D::Error> {
    let tag = String::deserialize(deserializer)?;
    Ok(Lang::from_tag(&tag).unwrap_or_default())
}

/// For documents: drops languages of a newer version.
pub(crate) fn known_of_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Lang>, D::Error> {
    let tags = Vec::<String>::deserialize(deserializer)?;
    Ok(tags.iter().filter_map(|tag| Lang::from_tag(tag)).collect())
}

/// A text of the brand, in each language it was written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fr: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl Text {
    /// The text in `lang`, or in the other language if it is missing: a foreign text is better than a blank.
    pub fn get(&self, lang: Lang) -> &str {
        let (wanted, other) = match lang {
            Lang::Fr => (&self.fr, &self.en),
            Lang::En => (&self.en, &self.fr),
        };
        if wanted.is_empty() { other } else { wanted }
    }

    pub fn has(&self, lang: Lang) -> bool {
        match lang {
            Lang::Fr => !self.fr.is_empty(),
            Lang::En => !self.en.is_empty(),
        }
    }

    pub fn set(&mut self, lang: Lang, text: String) {
        match lang {
            Lang::Fr => self.fr = text,
            Lang::En => self.en = text,
        }
    }
}

//! The language of the command line's messages.

use crate::settings::Common;
use domain::Lang;

/// Returns the language that is asked for, else that of the environment.
pub fn language(common: &Common) -> Lang {
    let environment = |name: &str| std::env::var(name).ok();
    common.language.unwrap_or_else(|| of_environment(environment))
}

/// English unless the environment says French.
fn of_environment(environment: impl Fn(&str) -> Option<String>) -> Lang {
    let tag = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(environment)
        .find(|tag| !tag.is_empty());
    match tag {
        Some(tag) if tag.to_lowercase().starts_with("fr") => Lang::Fr,
        _ => Lang::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_language() {
        let of = |set: &'static [(&str, &str)]| {
            of_environment(|name| {
                let value = set.iter().find(|(known, _)| *known == name);
                value.map(|(_, tag)| (*tag).to_owned())
            })
        };
        assert_eq!(of(&[]), Lang::En);
        assert_eq!(of(&[("LANG", "fr_FR.UTF-8")]), Lang::Fr);
        assert_eq!(of(&[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "fr")]), Lang::Fr);
    }
}

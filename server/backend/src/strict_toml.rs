//! Parses hand-written TOML files; unknown keys are refused, because they may be typos.

use domain::input::{InputCode, InputError, InputPlace};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// Parses a file.
///
/// Why not `deny_unknown_fields` on the types: the same types are sent to phones, which must ignore a field that a
/// newer server adds.
///
/// # Errors
/// Says what is wrong and on which line.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, InputError> {
    let reader = toml::Deserializer::parse(text).map_err(|error| unreadable(&error))?;
    let mut unknown: Option<Vec<String>> = None;
    let value = serde_ignored::deserialize(reader, |path| {
        unknown.get_or_insert_with(|| steps(&path));
    });
    match (unknown, value) {
        // Takes precedence over a missing field: a typo often causes both.
        (Some(steps), _) => {
            let wrong = InputCode::UnknownField.field(&steps.join("."));
            Err(match line_of(text, &steps) {
                Some(line) => wrong.within(InputPlace::Line(line as u64)),
                None => wrong,
            })
        }
        (None, Ok(value)) => Ok(value),
        // Parsed again: with the text available, the error contains the line.
        (None, Err(error)) => Err(match toml::from_str::<T>(text) {
            Err(error) => unreadable(&error),
            Ok(_) => unreadable(&error),
        }),
    }
}

fn unreadable(error: &toml::de::Error) -> InputError {
    InputCode::Unreadable {
        said: error.to_string(),
    }
    .into()
}

/// Returns the keys and indices that lead to a value.
fn steps(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    let (parent, step) = match path {
        Path::Root => return Vec::new(),
        Path::Seq { parent, index } => (parent, index.to_string()),
        Path::Map { parent, key } => (parent, key.clone()),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            return steps(parent);
        }
    };
    let mut all = steps(parent);
    all.push(step);
    all
}

/// Returns the line, from 1, of the key that `steps` lead to.
fn line_of(text: &str, steps: &[String]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let (last, before) = steps.split_last()?;
    let mut at = DeValue::Table(table.into_inner());
    for step in before {
        at = match at {
            DeValue::Table(mut table) => table.remove(step.as_str())?.into_inner(),
            DeValue::Array(array) => array.into_iter().nth(step.parse().ok()?)?.into_inner(),
            _ => return None,
        };
    }
    let DeValue::Table(table) = at else { return None };
    let (key, _) = table.get_key_value(last.as_str())?;
    Some(text.get(..key.span().start)?.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Text;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct File {
        #[serde(rename = "reward")]
        rewards: Vec<Reward>,
    }

    #[derive(Debug, Deserialize)]
    struct Reward {
        title: Text,
        #[serde(default)]
        points: Option<u32>,
    }

    #[test]
    fn a_key_that_nobody_reads_is_refused_with_its_line() {
        let file: File = read("[[reward]]\ntitle = { fr = \"Four\" }\npoints = 3\n").unwrap();
        assert_eq!(
            (file.rewards[0].title.fr.as_str(), file.rewards[0].points),
            ("Four", Some(3))
        );
        for (text, (line, field)) in [
            (
                "[[reward]]\ntitle = { fr = \"Four\" }\nponts = 3\n",
                (3, "reward.0.ponts"),
            ),
            (
                "colour = 1\n[[reward]]\ntitle = { fr = \"Four\" }\n",
                (1, "colour"),
            ),
            (
                "[[reward]]\ntitle.fr = \"Four\"\n\n[[reward]]\n[reward.title]\n  eng = \"Oven\"\n",
                (6, "reward.1.title.eng"),
            ),
        ] {
            assert_eq!(
                read::<File>(text).unwrap_err(),
                InputCode::UnknownField
                    .field(field)
                    .within(InputPlace::Line(line))
            );
        }
    }

    #[test]
    fn what_is_not_of_its_kind_is_refused_with_its_line() {
        let refusal = read::<File>("[[reward]]\ntitle = { fr = \"Four\" }\npoints = \"many\"\n").unwrap_err();
        assert!(
            matches!(&refusal.code, InputCode::Unreadable { said } if said.contains("line 3")),
            "{refusal:?}"
        );
    }
}

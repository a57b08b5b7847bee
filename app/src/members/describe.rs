//! What the activity page says of an act.

use crate::activity::view::ActView;
use crate::browser::app_state::AppState;
use crate::feature::Described;
use crate::text;
use domain::Lang;
use domain::members::Command;

pub fn describe(_: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    Some(Described {
        words: match act.command()? {
            Command::SetLanguage { language } => text::act_language(lang, text::language(language)),
            Command::SignOutDevice { .. } => text::act_sign_out_device(lang).to_owned(),
        },
        route: None,
        minor: false,
    })
}

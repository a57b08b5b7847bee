//! What the activity page says of an act.

use crate::activity::view::ActView;
use crate::browser::app_state::AppState;
use crate::feature::Described;
use crate::routes::Route;
use crate::text;
use domain::Lang;
use domain::rewards::Command;

pub fn describe(app: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    let rewards = app.rewards.get();
    let (title, route, words): (_, _, fn(Lang, &str) -> String) = match act.command()? {
        Command::Redeem { reward, .. } => {
            let request = rewards.request(act.id).map(|request| &request.redemption.title);
            let reward = rewards.reward(reward);
            let route = match (request, reward) {
                (Some(_), _) => Some(Route::Request(act.id)),
                (None, reward) => reward.map(|reward| Route::Reward(reward.id)),
            };
            let title = request.or(reward.map(|reward| &reward.title));
            (title, route, text::act_redeem)
        }
        Command::TakeBack { redemption } => {
            let request = rewards.request(redemption);
            let title = request.map(|request| &request.redemption.title);
            (
                title,
                request.map(|_| Route::Request(redemption)),
                text::act_take_back,
            )
        }
    };
    let title = title.map_or(text::something(lang), |title| title.get(lang));
    Some(Described {
        words: words(lang, title),
        route,
        minor: false,
    })
}

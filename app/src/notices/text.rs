//! Words of notices, and what the activity page says of its acts.

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::feature::Described;
use crate::text::{points, step};
use domain::notices::About;
#[cfg(feature = "csr")]
use domain::notices::Command;
use domain::{Day, Lang};

say! {
    act_notice: "Message lu", "Message read";
    notice_newer: "Un message vous attend : mettez l’application à jour pour le lire.", "There is a message for you: update the app to read it.";
    news: "Nouvelles", "News";
    mark_read: "J’ai lu", "Got it";
}

fill! {
    notice_seat_free(title: &str): "Une place s’est libérée : vous êtes inscrit à « {title} ».", "A seat came free: you are in for “{title}”.";
    notice_event_cancelled(title: &str): "Annulé : « {title} ».", "Cancelled: “{title}”.";
    notice_tier_reached(tier: &str): "Votre entreprise passe au statut {tier}.", "Your company has reached {tier}.";
    notice_time_moved(title: &str): "Nouvel horaire : « {title} ».", "A new time: “{title}”.";
    notice_place_moved(title: &str): "Nouveau lieu : « {title} ».", "A new place: “{title}”.";
    notice_moved(title: &str): "Nouvel horaire et nouveau lieu : « {title} ».", "A new time and place: “{title}”.";
    notice_tier_lost(tier: &str): "Votre entreprise est maintenant au statut {tier}.", "Your company is now at {tier}.";
    notice_tier_at_risk(tier: &str, day: &str, points: &str): "Il manque {points} pour garder le statut {tier} le {day}.", "To keep {tier} on {day}, {points} are missing.";
    notice_request_moved(title: &str, step: &str): "{title} : {step}.", "{title}: {step}.";
    notice_request_freed(title: &str, step: &str, points: &str): "{title} : {step} ({points}).", "{title}: {step} ({points}).";
}

/// What a notice says.
pub fn notice_text(about: &About, lang: Lang, write_day: impl Fn(Day) -> String) -> String {
    match about {
        About::SeatFree { title, .. } => notice_seat_free(lang, title.get(lang)),
        About::EventCancelled { title, .. } => notice_event_cancelled(lang, title.get(lang)),
        About::Newer => notice_newer(lang).to_owned(),
        About::TierReached { tier } => notice_tier_reached(lang, tier.get(lang)),
        About::EventMoved {
            title, time, place, ..
        } => {
            let words = match (time, place) {
                (true, true) => notice_moved,
                (false, true) => notice_place_moved,
                _ => notice_time_moved,
            };
            words(lang, title.get(lang))
        }
        About::TierLost { tier } => notice_tier_lost(lang, tier.get(lang)),
        About::TierAtRisk { tier, on, missing } => {
            notice_tier_at_risk(lang, tier.get(lang), &write_day(*on), &points(lang, *missing))
        }
        About::RequestMoved {
            title,
            step: to,
            points: price,
        } => {
            let name = step(lang, *to).to_lowercase();
            match to {
                domain::rewards::Step::TakenBack | domain::rewards::Step::Declined => {
                    notice_request_freed(lang, title.get(lang), &name, &points(lang, *price))
                }
                _ => notice_request_moved(lang, title.get(lang), &name),
            }
        }
    }
}

/// What the activity page says of an act.
#[cfg(feature = "csr")]
pub(super) fn describe(_: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    let Command::MarkRead { .. } = act.command()?;
    Some(Described {
        words: act_notice(lang).to_owned(),
        route: None,
        minor: true,
    })
}

//! Words of events, and what the activity page says of its acts.

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::feature::Described;
use crate::feature::When;
#[cfg(feature = "csr")]
use crate::routes::Route;
use crate::text::number;
#[cfg(feature = "csr")]
use crate::text::something;
#[cfg(feature = "csr")]
use domain::events::Command;
use domain::stock::Band;
use domain::{Error, Lang, Receipt};

say! {
    seats_many: "Places disponibles", "Seats available";
    seats_few: "Dernières places", "Last seats";
    seats_none: "Complet : liste d’attente", "Full: waiting list";
    error_event_cancelled: "Cet événement est annulé.", "This event is cancelled.";
    error_event_started: "L’événement a commencé.", "The event has started.";
    error_not_registered: "Vous n’étiez pas inscrit.", "You had no place in it.";
    error_already_registered: "Vous êtes déjà inscrit.", "You already have a place.";
    receipt_joined: "Votre place est réservée.", "You have a seat.";
    receipt_left: "Votre place est rendue.", "Your seat is given back.";
    my_next_event: "Mon prochain rendez-vous", "My next event";
    next_event: "Prochain rendez-vous", "Next event";
    my_ticket: "Mon billet", "My ticket";
    other_events: "Pour d’autres métiers", "For other trades";
    no_events: "Rien de prévu pour l’instant. Revenez bientôt : les nouveaux rendez-vous arrivent ici.", "Nothing planned yet. Come back soon: new events arrive here.";
    my_events: "Mes rendez-vous", "My events";
    coming_events: "À venir", "Coming up";
    webinar: "En ligne", "Online";
    cancelled: "Annulé", "Cancelled";
    joined: "Inscrit", "You are in";
    asked: "Demande à confirmer", "Asked, to confirm";
    giving_back: "Désistement à confirmer", "Leaving, to confirm";
    when: "Quand", "When";
    place: "Lieu", "Place";
    seats_word: "Places", "Seats";
    map: "Plan", "Map";
    webinar_link_later: "Le lien s’affiche ici dès que vous avez une place.", "The link is shown here once you have a seat.";
    webinar_link: "Rejoindre en ligne", "Join online";
    add_to_calendar: "Ajouter au calendrier", "Add to calendar";
    join: "Je m’inscris", "Join";
    join_waiting_list: "M’inscrire sur la liste d’attente", "Join the waiting list";
    asked_hint: "Votre demande est faite. La place est à vous dès que le serveur la confirme.", "You have asked. The seat is yours once the server confirms it.";
    giving_back_hint: "Votre place est rendue dès que le serveur le confirme.", "Your seat is given back once the server confirms it.";
    give_back: "Je me désiste", "Give my seat back";
    leave_waiting_list: "Quitter la liste d’attente", "Leave the waiting list";
    ticket_label: "Code du billet", "Ticket code";
    ticket_hint: "À montrer à l’entrée. Marche sans réseau.", "Show it at the door. Works without a network.";
}

fill! {
    where_you_are(at: &str): "Chez vous : {at}", "Where you are: {at}";
    act_join(event: &str): "Inscription : {event}", "Joining: {event}";
    act_leave(event: &str): "Désistement : {event}", "Leaving: {event}";
    error_registration_closed(at: &str): "Les inscriptions ont fermé le {at}.", "Joining closed on {at}.";
    error_late_and_unproven(at: &str): "Les inscriptions ont fermé le {at}, et ce téléphone était resté trop longtemps sans réseau pour prouver l’heure. Appelez votre conseiller.", "Joining closed on {at}, and this phone had been offline too long to prove the time. Call your advisor.";
    receipt_waiting(position: &str): "C’est complet : vous êtes n° {position} sur la liste d’attente.", "It is full: you are number {position} on the waiting list.";
    waiting_at(position: u32): "Liste d’attente : n° {position}", "Waiting list: number {position}";
    waiting_hint(position: u32): "Vous êtes n° {position} sur la liste d’attente. Si une place se libère, elle est à vous et vous êtes prévenu ici.", "You are number {position} on the waiting list. If a seat comes free it is yours, and you are told here.";
    from_to(day: &str, from: &str, to: &str): "{day}, {from} – {to}", "{day}, {from} – {to}";
    join_until(at: &str): "Inscription jusqu’au {at}", "Join by {at}";
}

count! {
    seats_in_all: "{n} place en tout" / "{n} places en tout", "{n} seat in all" / "{n} seats in all";
}

pub fn seats(lang: Lang, band: Band) -> &'static str {
    match band {
        Band::Many | Band::Newer => seats_many(lang),
        Band::Few => seats_few(lang),
        Band::None => seats_none(lang),
    }
}

/// Why it refused; `None` where the refusal is another's.
pub(super) fn refusal(error: &Error, lang: Lang, when: When) -> Option<String> {
    let fixed = match error {
        Error::RegistrationClosed { at } => return Some(error_registration_closed(lang, &when(*at))),
        Error::LateAndUnproven { at } => return Some(error_late_and_unproven(lang, &when(*at))),
        Error::EventCancelled => error_event_cancelled,
        Error::EventStarted => error_event_started,
        Error::NotRegistered => error_not_registered,
        Error::AlreadyRegistered => error_already_registered,
        _ => return None,
    };
    Some(fixed(lang).to_owned())
}

/// What a confirmed act brought; `None` where the receipt is another's.
pub(super) fn receipt(receipt: &Receipt, lang: Lang) -> Option<String> {
    match receipt {
        Receipt::Joined => Some(receipt_joined(lang).to_owned()),
        Receipt::Waiting { position } => Some(receipt_waiting(lang, &number(lang, i64::from(*position)))),
        Receipt::Left => Some(receipt_left(lang).to_owned()),
        _ => None,
    }
}

/// What the activity page says of an act.
#[cfg(feature = "csr")]
pub(super) fn describe(app: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    let command: Command = act.command()?;
    let (Command::Join { event } | Command::Leave { event }) = command;
    let events = app.events.get();
    let known = events.event(event);
    let title = known.map_or(something(lang), |view| view.event.title.get(lang));
    Some(Described {
        words: match command {
            Command::Join { .. } => act_join(lang, title),
            Command::Leave { .. } => act_leave(lang, title),
        },
        route: known.map(|_| Route::Event(event)),
        minor: false,
    })
}

//! Words for the server's answers: refusals with what to do, receipts, notices.

use super::{number, points, step};
use domain::learning::Unpaid;
use domain::notices::About;
use domain::{Error, Lang, Receipt, Timestamp};

say! {
    error_id_reuse: "Cet envoi a déjà servi pour autre chose. Refaites-le, s’il vous plaît.", "This was already used for something else. Please do it again.";
    error_wrong_member: "Cet envoi a été fait par une autre personne sur ce téléphone.", "This was made by another person on this phone.";
    error_unreadable: "Le serveur n’a pas pu lire cet envoi. Mettez l’application à jour et refaites-le.", "The server could not read this. Update the app and do it again.";
    error_not_found: "Ce n’est plus proposé, ou ce n’est pas pour vous.", "This is no longer there, or not for you.";
    error_sold_out: "Il n’y en a plus. Vos points restent disponibles.", "There are none left. Your points stay free.";
    error_not_for_your_tier: "Réservé à d’autres statuts.", "Reserved for other tiers.";
    error_managers_only: "Seuls les responsables dépensent les points de l’entreprise. Parlez-en au vôtre.", "Only managers spend the company’s points. Ask yours.";
    error_withdrawn: "Ce cadeau n’est plus proposé. Vos points restent disponibles.", "This reward is no longer offered. Your points stay free.";
    error_already_handled: "Trop tard pour reprendre la demande : elle est en préparation. Appelez votre conseiller.", "Too late to take it back: it is being handled. Call your advisor.";
    error_event_cancelled: "Cet événement est annulé.", "This event is cancelled.";
    error_event_started: "L’événement a commencé.", "The event has started.";
    error_not_registered: "Vous n’étiez pas inscrit.", "You had no place in it.";
    error_already_registered: "Vous êtes déjà inscrit.", "You already have a place.";
    error_answers_do_not_fit: "Les réponses ne vont pas avec cette version du quiz. Refaites-le : votre essai n’est pas compté.", "The answers do not fit this version of the quiz. Take it again: this try is not counted.";
    error_newer: "Refusé. Mettez l’application à jour pour savoir pourquoi.", "Refused. Update the app to see why.";
    verdict_newer: "Décidé. Mettez l’application à jour pour savoir comment.", "Decided. Update the app to see how.";
    receipt_newer: "C’est fait. Mettez l’application à jour pour voir ce que cela donne.", "Done. Update the app to see what came of it.";
    notice_newer: "Un message vous attend : mettez l’application à jour pour le lire.", "There is a message for you: update the app to read it.";
    unpaid_newer: "Pas de points cette fois.", "No points this time.";
    receipt_noted: "C’est fait.", "Done.";
    receipt_joined: "Votre place est réservée.", "You have a seat.";
    receipt_left: "Votre place est rendue.", "Your seat is given back.";
    unpaid_passed_before: "Déjà réussi avant : cet essai compte comme entraînement.", "Passed before: this one counts as practice.";
    unpaid_withdrawn: "Ce cours n’était plus proposé : pas de points.", "This course was no longer offered: no points.";
}

fill! {
    error_not_enough_points(missing: &str): "Il vous manque {missing}.", "You are {missing} short.";
    error_price_changed(price: &str): "Le prix a changé : {price}. Demandez-le à nouveau si cela vous va.", "The price has changed: {price}. Ask again if that suits you.";
    error_registration_closed(at: &str): "Les inscriptions ont fermé le {at}.", "Joining closed on {at}.";
    error_late_and_unproven(at: &str): "Les inscriptions ont fermé le {at}, et ce téléphone était resté trop longtemps sans réseau pour prouver l’heure. Appelez votre conseiller.", "Joining closed on {at}, and this phone had been offline too long to prove the time. Call your advisor.";
    receipt_waiting(position: &str): "C’est complet : vous êtes n° {position} sur la liste d’attente.", "It is full: you are number {position} on the waiting list.";
    receipt_graded(right: u32, of: u32): "{right} bonnes réponses sur {of}.", "{right} right out of {of}.";
    receipt_reserved(points: &str): "{points} réservés.", "{points} reserved.";
    receipt_released(points: &str): "{points} à nouveau disponibles.", "{points} free again.";
    notice_seat_free(title: &str): "Une place s’est libérée : vous êtes inscrit à « {title} ».", "A seat came free: you are in for “{title}”.";
    notice_event_cancelled(title: &str): "Annulé : « {title} ».", "Cancelled: “{title}”.";
    notice_tier_reached(tier: &str): "Votre entreprise passe au statut {tier}.", "Your company has reached {tier}.";
    notice_request_moved(title: &str, step: &str): "{title} : {step}.", "{title}: {step}.";
    notice_request_freed(title: &str, step: &str, points: &str): "{title} : {step} ({points}).", "{title}: {step} ({points}).";
}

/// Why an act was refused and what to do. `when` writes an instant out.
pub fn error_text(error: &Error, lang: Lang, when: &dyn Fn(Timestamp) -> String) -> String {
    let fixed = match error {
        Error::IdReuse => error_id_reuse,
        Error::WrongMember => error_wrong_member,
        Error::Unreadable => error_unreadable,
        Error::NotFound => error_not_found,
        Error::NotEnoughPoints { missing } => return error_not_enough_points(lang, &points(lang, *missing)),
        Error::SoldOut => error_sold_out,
        Error::PriceChanged { price } => return error_price_changed(lang, &points(lang, *price)),
        Error::NotForYourTier => error_not_for_your_tier,
        Error::ManagersOnly => error_managers_only,
        Error::Withdrawn => error_withdrawn,
        Error::AlreadyHandled => error_already_handled,
        Error::RegistrationClosed { at } => return error_registration_closed(lang, &when(*at)),
        Error::LateAndUnproven { at } => return error_late_and_unproven(lang, &when(*at)),
        Error::EventCancelled => error_event_cancelled,
        Error::EventStarted => error_event_started,
        Error::NotRegistered => error_not_registered,
        Error::AlreadyRegistered => error_already_registered,
        Error::AnswersDoNotFit => error_answers_do_not_fit,
        Error::Newer => error_newer,
    };
    fixed(lang).to_owned()
}

/// What a confirmed act brought.
pub fn receipt_text(receipt: &Receipt, lang: Lang) -> String {
    match receipt {
        Receipt::Noted => receipt_noted(lang).to_owned(),
        Receipt::Joined => receipt_joined(lang).to_owned(),
        Receipt::Waiting { position } => receipt_waiting(lang, &number(lang, i64::from(*position))),
        Receipt::Left => receipt_left(lang).to_owned(),
        Receipt::Graded(result) => {
            let mut text = receipt_graded(lang, result.right, result.of);
            if result.points > 0 {
                text.push_str(" +");
                text.push_str(&points(lang, result.points));
                text.push('.');
            }
            text
        }
        Receipt::Reserved { points: some } => receipt_reserved(lang, &points(lang, *some)),
        Receipt::Released { points: some } => receipt_released(lang, &points(lang, *some)),
        Receipt::Newer => receipt_newer(lang).to_owned(),
    }
}

/// Why a pass paid nothing.
pub fn unpaid_text(unpaid: Unpaid, lang: Lang) -> &'static str {
    match unpaid {
        Unpaid::PassedBefore => unpaid_passed_before(lang),
        Unpaid::Withdrawn => unpaid_withdrawn(lang),
        Unpaid::Newer => unpaid_newer(lang),
    }
}

/// What a notice says.
pub fn notice_text(about: &About, lang: Lang) -> String {
    match about {
        About::SeatFree { title, .. } => notice_seat_free(lang, title.get(lang)),
        About::EventCancelled { title, .. } => notice_event_cancelled(lang, title.get(lang)),
        About::Newer => notice_newer(lang).to_owned(),
        About::TierReached { tier } => notice_tier_reached(lang, tier.get(lang)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_text_in_both_languages() {
        for lang in Lang::ALL {
            let mut texts: Vec<String> = Error::examples()
                .iter()
                .map(|error| error_text(error, lang, &|_| "10:42".into()))
                .collect();
            let all = texts.len();
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), all);
        }
    }
}

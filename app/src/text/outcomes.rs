//! Texts of the server's outcomes: refusals with what to do, receipts, notices.

use crate::feature::{FEATURES, When};
use domain::{Error, Lang, Receipt};

say! {
    error_id_reuse: "Cet envoi a déjà servi pour autre chose. Refaites-le, s’il vous plaît.", "This was already used for something else. Please do it again.";
    error_wrong_member: "Cet envoi a été fait par une autre personne sur ce téléphone.", "This was made by another person on this phone.";
    error_unreadable: "Le serveur n’a pas pu lire cet envoi. Mettez l’application à jour et refaites-le.", "The server could not read this. Update the app and do it again.";
    error_not_found: "Ce n’est plus proposé, ou ce n’est pas pour vous.", "This is no longer there, or not for you.";
    error_not_for_your_tier: "Réservé à d’autres statuts.", "Reserved for other tiers.";
    error_newer: "Refusé. Mettez l’application à jour pour savoir pourquoi.", "Refused. Update the app to see why.";
    verdict_newer: "Décidé. Mettez l’application à jour pour savoir comment.", "Decided. Update the app to see how.";
    receipt_newer: "C’est fait. Mettez l’application à jour pour voir ce que cela donne.", "Done. Update the app to see what came of it.";
    receipt_noted: "C’est fait.", "Done.";
}

/// Why an act was refused and what to do.
pub fn error_text(error: &Error, lang: Lang, when: When) -> String {
    let fixed = match error {
        Error::IdReuse => error_id_reuse,
        Error::WrongMember => error_wrong_member,
        Error::Unreadable => error_unreadable,
        Error::NotFound => error_not_found,
        Error::NotForYourTier => error_not_for_your_tier,
        other => {
            let own = FEATURES
                .iter()
                .find_map(|feature| (feature.refusal)(other, lang, when));
            return own.unwrap_or_else(|| error_newer(lang).to_owned());
        }
    };
    fixed(lang).to_owned()
}

/// The text of a receipt.
pub fn receipt_text(receipt: &Receipt, lang: Lang) -> String {
    if *receipt == Receipt::Noted {
        return receipt_noted(lang).to_owned();
    }
    let own = FEATURES
        .iter()
        .find_map(|feature| (feature.receipt)(receipt, lang));
    own.unwrap_or_else(|| receipt_newer(lang).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_text_in_both_languages() {
        for lang in Lang::ALL {
            let mut texts: Vec<String> = Error::examples()
                .iter()
                .chain([&Error::Newer])
                .map(|error| error_text(error, lang, &|_| "10:42".into()))
                .collect();
            let all = texts.len();
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), all);
        }
    }

    #[test]
    fn every_receipt_has_its_own_text_in_both_languages() {
        let result = serde_json::json!({ "right": 1, "of": 2, "passed": true, "points": 80, "unpaid": null, "review": [] });
        let receipts = [
            Receipt::Noted,
            Receipt::Joined,
            Receipt::Waiting { position: 3 },
            Receipt::Left,
            Receipt::Graded(serde_json::from_value(result).unwrap()),
            Receipt::Reserved { points: 80 },
            Receipt::Released { points: 80 },
            Receipt::Newer,
        ];
        for lang in Lang::ALL {
            let texts: std::collections::BTreeSet<String> = receipts
                .iter()
                .map(|receipt| receipt_text(receipt, lang))
                .collect();
            assert_eq!(texts.len(), receipts.len());
        }
    }
}

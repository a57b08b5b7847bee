//! Words of points and wallets.

use domain::Lang;
use domain::ledger::{Reason, Wallet};

say! {
    reason_merged: "Réunion de deux comptes de points", "Two points accounts became one";
    reason_newer: "Mouvement de points", "Points moved";
    reason_expired: "Points arrivés à expiration", "Points that expired";
    wallet_newer: "Autres points", "Other points";
    wallet_own: "Mes points", "My points";
    wallet_company: "Points de l’entreprise", "Company points";
    points_word: "points", "points";
    confirmed: "Confirmés", "Confirmed";
    reserved: "Réservés", "Reserved";
    no_points_yet: "Pas encore de mouvement. Une commande ou un cours réussi s’affiche ici.", "Nothing has moved yet. An order or a passed course shows here.";
    negative_points: "Un retour a repris des points déjà dépensés : les prochains le compensent.", "A return took back points that were already spent: the next ones make up for it.";
    latest_lines: "Seuls les derniers mouvements de ce mois sont affichés. Votre conseiller a le détail.", "Only the latest movements of this month are shown. Your advisor has the rest.";
    expires_next: "Ce qui expire d’abord", "What expires first";
}

fill! {
    gain(points: &str): "+{points} points", "+{points} points";
    reason_order(order: &str): "Commande {order}", "Order {order}";
    reason_return(order: &str): "Retour sur la commande {order}", "Return on order {order}";
    reason_correction(order: &str): "Correction de la commande {order}", "Correction of order {order}";
    reason_course(title: &str): "Cours réussi : {title}", "Course passed: {title}";
    reason_held(title: &str): "Réservés pour : {title}", "Reserved for: {title}";
    reason_transfer(title: &str): "Transfert : {title}", "Transfer: {title}";
    reason_transfer_taken_back(title: &str): "Transfert annulé : {title}", "Transfer undone: {title}";
    reason_freed(title: &str): "Rendus : {title}", "Given back: {title}";
    later_points(points: &str): "Puis {points}, gagnés après ceux-ci", "Then {points}, earned after these";
    earned_on(day: &str): "Gagnés le {day}", "Earned on {day}";
    expires_on(day: &str): "Expire le {day}", "Expires on {day}";
    until(day: &str): "valables jusqu’au {day}", "valid until {day}";
}

count! {
    points: "{n} point" / "{n} points", "{n} point" / "{n} points";
    all_lots: "Tous les lots ({n})" / "Tous les lots ({n})", "All lots ({n})" / "All lots ({n})";
}

pub fn wallet(lang: Lang, wallet: Wallet) -> &'static str {
    match wallet {
        Wallet::Own => wallet_own(lang),
        Wallet::Company => wallet_company(lang),
        Wallet::Newer => wallet_newer(lang),
    }
}

/// Why points moved.
pub fn reason(lang: Lang, reason: &Reason) -> String {
    match reason {
        Reason::Order { order, .. } => reason_order(lang, order),
        Reason::Return { order, .. } => reason_return(lang, order),
        Reason::Correction { order } => reason_correction(lang, order),
        Reason::Course { title, .. } => reason_course(lang, title.get(lang)),
        Reason::Held { title } => reason_held(lang, title.get(lang)),
        Reason::Freed { title } => reason_freed(lang, title.get(lang)),
        Reason::Expired => reason_expired(lang).to_owned(),
        Reason::Transfer { title } => reason_transfer(lang, title.get(lang)),
        Reason::TransferTakenBack { title } => reason_transfer_taken_back(lang, title.get(lang)),
        Reason::Merged => reason_merged(lang).to_owned(),
        Reason::Newer => reason_newer(lang).to_owned(),
    }
}

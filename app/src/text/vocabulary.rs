//! Words for what the programme deals in: points, seats, shelves, steps, reasons, functions.

use domain::Lang;
use domain::ledger::{Reason, Wallet};
use domain::members::{Function, OrderPoints};
use domain::rewards::{Delivery, Shelf, Step};
use domain::stock::Band;

count! {
    points: "{n} point" / "{n} points", "{n} point" / "{n} points";
    minutes: "{n} min" / "{n} min", "{n} min" / "{n} min";
    lessons: "{n} leçon" / "{n} leçons", "{n} lesson" / "{n} lessons";
    questions: "{n} question" / "{n} questions", "{n} question" / "{n} questions";
    days_left: "encore {n} jour" / "encore {n} jours", "{n} day left" / "{n} days left";
    seats_in_all: "{n} place en tout" / "{n} places en tout", "{n} seat in all" / "{n} seats in all";
    to_send: "{n} à envoyer" / "{n} à envoyer", "{n} to send" / "{n} to send";
    points_to_confirm: "{n} point à confirmer" / "{n} points à confirmer", "{n} point to confirm" / "{n} points to confirm";
    points_reserved: "{n} point réservé" / "{n} points réservés", "{n} point reserved" / "{n} points reserved";
    points_missing: "Il vous manque {n} point" / "Il vous manque {n} points", "You are {n} point short" / "You are {n} points short";
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
    act_lesson(course: &str): "Leçon lue : {course}", "Lesson read: {course}";
    act_practice(course: &str): "Entraînement terminé : {course}", "Practice finished: {course}";
    act_quiz(course: &str): "Quiz rendu : {course}", "Quiz handed in: {course}";
    act_join(event: &str): "Inscription : {event}", "Joining: {event}";
    act_leave(event: &str): "Désistement : {event}", "Leaving: {event}";
    act_redeem(reward: &str): "Demande : {reward}", "Request: {reward}";
    act_take_back(reward: &str): "Demande reprise : {reward}", "Request taken back: {reward}";
    act_language(language: &str): "Langue : {language}", "Language: {language}";
    reserved_for(tiers: &str): "Réservé : {tiers}", "Reserved: {tiers}";
}

say! {
    reason_merged: "Réunion de deux comptes de points", "Two points accounts became one";
    reason_newer: "Mouvement de points", "Points moved";
    reason_expired: "Points arrivés à expiration", "Points that expired";
    shelf_work: "Pour le travail", "For work";
    shelf_leisure: "Pour souffler", "For time off";
    shelf_learning: "Pour apprendre", "For learning";
    shelf_solidarity: "Pour les autres", "For others";
    delivery_advisor: "Remis par votre conseiller", "Your advisor brings it";
    delivery_post: "Envoyé par la poste", "Sent by post";
    delivery_voucher: "Bon à présenter sur ce téléphone", "A voucher on this phone";
    step_reserved: "Points réservés", "Points reserved";
    step_accepted: "Demande acceptée", "Request accepted";
    step_sent: "Expédié", "On its way";
    step_delivered: "Remis", "Delivered";
    step_taken_back: "Reprise par vous, points rendus", "Taken back by you, points given back";
    step_declined: "Pas possible, points rendus", "Not possible, points given back";
    shelf_newer: "Encore plus", "And more";
    delivery_newer: "Votre conseiller vous dira comment", "Your advisor will tell you how";
    step_newer: "En cours", "In progress";
    function_newer: "Autre rôle", "Another part";
    wallet_newer: "Autres points", "Other points";
    newer_hint: "Mettez l’application à jour pour voir ceci.", "Update the app to see this.";
    newer_quiz: "Ce quiz a des questions d’un nouveau genre. Mettez l’application à jour pour le passer.", "This quiz has questions of a new kind. Update the app to take it.";
    seats_many: "Places disponibles", "Seats available";
    seats_few: "Dernières places", "Last seats";
    seats_none: "Complet : liste d’attente", "Full: waiting list";
    stock_many: "En stock", "In stock";
    stock_few: "Derniers exemplaires", "Last ones";
    stock_none: "Épuisé", "Out of stock";
    function_decider: "Décide des achats", "Decides what is bought";
    function_buyer: "Passe les commandes", "Places the orders";
    function_payer: "Règle les factures", "Pays the bills";
    function_prescriber: "Conseille les produits", "Recommends products";
    function_user: "Utilise les produits", "Uses the products";
    wallet_own: "Mes points", "My points";
    wallet_company: "Points de l’entreprise", "Company points";
    orders_to_company: "Les points des commandes vont à l’entreprise.", "Points from orders go to the company.";
    orders_to_member: "Les points d’une commande vont à la personne nommée dessus.", "Points from an order go to the person named on it.";
    french: "Français", "Français";
    english: "English", "English";
    act_sign_out_device: "Déconnexion d’un appareil", "Signing out a device";
    act_notice: "Message lu", "Message read";
    act_unreadable: "Acte d’une autre version de l’application", "Act of another version of the app";
    something: "élément retiré depuis", "something withdrawn since";
}

pub fn shelf(lang: Lang, shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Work => shelf_work(lang),
        Shelf::Leisure => shelf_leisure(lang),
        Shelf::Learning => shelf_learning(lang),
        Shelf::Solidarity => shelf_solidarity(lang),
        Shelf::Newer => shelf_newer(lang),
    }
}

pub fn delivery(lang: Lang, way: Delivery) -> &'static str {
    match way {
        Delivery::Advisor => delivery_advisor(lang),
        Delivery::Post => delivery_post(lang),
        Delivery::Voucher => delivery_voucher(lang),
        Delivery::Newer => delivery_newer(lang),
    }
}

pub fn step(lang: Lang, step: Step) -> &'static str {
    match step {
        Step::Reserved => step_reserved(lang),
        Step::Accepted => step_accepted(lang),
        Step::Sent => step_sent(lang),
        Step::Delivered => step_delivered(lang),
        Step::TakenBack => step_taken_back(lang),
        Step::Declined => step_declined(lang),
        Step::Newer => step_newer(lang),
    }
}

pub fn seats(lang: Lang, band: Band) -> &'static str {
    match band {
        Band::Many | Band::Newer => seats_many(lang),
        Band::Few => seats_few(lang),
        Band::None => seats_none(lang),
    }
}

pub fn stock(lang: Lang, band: Band) -> &'static str {
    match band {
        Band::Many | Band::Newer => stock_many(lang),
        Band::Few => stock_few(lang),
        Band::None => stock_none(lang),
    }
}

pub fn function(lang: Lang, function: Function) -> &'static str {
    match function {
        Function::Decider => function_decider(lang),
        Function::Buyer => function_buyer(lang),
        Function::Payer => function_payer(lang),
        Function::Prescriber => function_prescriber(lang),
        Function::User => function_user(lang),
        Function::Newer => function_newer(lang),
    }
}

pub fn wallet(lang: Lang, wallet: Wallet) -> &'static str {
    match wallet {
        Wallet::Own => wallet_own(lang),
        Wallet::Company => wallet_company(lang),
        Wallet::Newer => wallet_newer(lang),
    }
}

pub fn order_points(lang: Lang, policy: OrderPoints) -> &'static str {
    match policy {
        OrderPoints::Company => orders_to_company(lang),
        OrderPoints::Member => orders_to_member(lang),
        OrderPoints::Newer => newer_hint(lang),
    }
}

/// A language by its own name.
pub fn language(language: Lang) -> &'static str {
    match language {
        Lang::Fr => french(language),
        Lang::En => english(language),
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

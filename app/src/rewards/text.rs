//! Words of rewards, and what the activity page says of its acts.

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::feature::Described;
use crate::feature::When;
#[cfg(feature = "csr")]
use crate::routes::Route;
use crate::text::points;
#[cfg(feature = "csr")]
use crate::text::something;
#[cfg(feature = "csr")]
use domain::rewards::Command;
use domain::rewards::{Delivery, Shelf, Step};
use domain::stock::Band;
use domain::{Error, Lang, Receipt};

say! {
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
    stock_many: "En stock", "In stock";
    stock_few: "Derniers exemplaires", "Last ones";
    stock_none: "Épuisé", "Out of stock";
    error_sold_out: "Il n’y en a plus. Vos points restent disponibles.", "There are none left. Your points stay free.";
    error_managers_only: "Seuls les responsables dépensent les points de l’entreprise. Parlez-en au vôtre.", "Only managers spend the company’s points. Ask yours.";
    error_withdrawn: "Ce cadeau n’est plus proposé. Vos points restent disponibles.", "This reward is no longer offered. Your points stay free.";
    error_already_handled: "Trop tard pour reprendre la demande : elle est en préparation. Appelez votre conseiller.", "Too late to take it back: it is being handled. Call your advisor.";
    can_get_now: "Ce que je peux avoir maintenant", "What I can get now";
    no_rewards: "Pas encore de cadeaux. Vos points ne se perdent pas.", "No rewards yet. Your points are safe.";
    nothing_within_reach: "Encore quelques points : un cours ou une commande vous en rapproche.", "A few more points: a course or an order brings you closer.";
    my_requests: "Mes demandes", "My requests";
    taking_back: "Reprise à confirmer", "Taking back, to confirm";
    ask_for_it: "Le demander", "Ask for it";
    which_wallet: "Avec quels points ?", "With which points?";
    sheet_hint: "Vous pourrez reprendre la demande tant qu’elle n’est pas acceptée.", "You can take it back until it is accepted.";
    not_now: "Pas maintenant", "Not now";
    request_title: "Demande", "Request";
    request_pending: "Les points sont mis de côté sur ce téléphone. Le serveur les réserve dès que le réseau est là.", "The points are set aside on this phone. The server reserves them as soon as there is a network.";
    request_reserved: "Le club va regarder votre demande.", "The club will look at your request.";
    taking_back_hint: "Reprise demandée : les points sont rendus dès que le serveur confirme.", "Taken back: the points are free once the server confirms.";
    voucher_label: "Code du bon", "Voucher code";
    voucher_hint: "À montrer une seule fois. Marche sans réseau.", "Show it once. Works without a network.";
}

fill! {
    act_redeem(reward: &str): "Demande : {reward}", "Request: {reward}";
    act_take_back(reward: &str): "Demande reprise : {reward}", "Request taken back: {reward}";
    error_not_enough_points(missing: &str): "Il vous manque {missing}.", "You are {missing} short.";
    error_price_changed(price: &str): "Le prix a changé : {price}. Demandez-le à nouveau si cela vous va.", "The price has changed: {price}. Ask again if that suits you.";
    receipt_reserved(points: &str): "{points} réservés.", "{points} reserved.";
    receipt_released(points: &str): "{points} à nouveau disponibles.", "{points} free again.";
    wallet_holds(wallet: &str, points: &str): "{wallet} : {points}", "{wallet}: {points}";
    left_after(points: &str): "Il restera {points}.", "{points} will be left.";
    sheet_title(title: &str): "Demander : {title}", "Ask for: {title}";
    sheet_price(price: &str): "{price} seront réservés.", "{price} will be reserved.";
    reserve(price: &str): "Réserver {price}", "Reserve {price}";
}

count! {
    points_missing: "Il vous manque {n} point" / "Il vous manque {n} points", "You are {n} point short" / "You are {n} points short";
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

pub fn stock(lang: Lang, band: Band) -> &'static str {
    match band {
        Band::Many | Band::Newer => stock_many(lang),
        Band::Few => stock_few(lang),
        Band::None => stock_none(lang),
    }
}

/// Why it refused; `None` where the refusal is another's.
pub(super) fn refusal(error: &Error, lang: Lang, _: When) -> Option<String> {
    let fixed = match error {
        Error::NotEnoughPoints { missing } => {
            return Some(error_not_enough_points(lang, &points(lang, *missing)));
        }
        Error::PriceChanged { price } => return Some(error_price_changed(lang, &points(lang, *price))),
        Error::SoldOut => error_sold_out,
        Error::ManagersOnly => error_managers_only,
        Error::Withdrawn => error_withdrawn,
        Error::AlreadyHandled => error_already_handled,
        _ => return None,
    };
    Some(fixed(lang).to_owned())
}

/// What a confirmed act brought; `None` where the receipt is another's.
pub(super) fn receipt(receipt: &Receipt, lang: Lang) -> Option<String> {
    match receipt {
        Receipt::Reserved { points: some } => Some(receipt_reserved(lang, &points(lang, *some))),
        Receipt::Released { points: some } => Some(receipt_released(lang, &points(lang, *some))),
        _ => None,
    }
}

/// What the activity page says of an act.
#[cfg(feature = "csr")]
pub(super) fn describe(app: AppState, act: &ActView, lang: Lang) -> Option<Described> {
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
            (title, route, act_redeem)
        }
        Command::TakeBack { redemption } => {
            let request = rewards.request(redemption);
            let title = request.map(|request| &request.redemption.title);
            (title, request.map(|_| Route::Request(redemption)), act_take_back)
        }
    };
    let title = title.map_or(something(lang), |title| title.get(lang));
    Some(Described {
        words: words(lang, title),
        route,
        minor: false,
    })
}

//! Words of me and my company, and what the activity page says of its acts.

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::feature::Described;
use crate::text::newer_hint;
use domain::Lang;
#[cfg(feature = "csr")]
use domain::members::Command;
use domain::members::{Function, OrderPoints};

say! {
    function_newer: "Autre rôle", "Another part";
    function_decider: "Décide des achats", "Decides what is bought";
    function_buyer: "Passe les commandes", "Places the orders";
    function_payer: "Règle les factures", "Pays the bills";
    function_prescriber: "Conseille les produits", "Recommends products";
    function_user: "Utilise les produits", "Uses the products";
    orders_to_company: "Les points des commandes vont à l’entreprise.", "Points from orders go to the company.";
    orders_to_member: "Les points d’une commande vont à la personne nommée dessus.", "Points from an order go to the person named on it.";
    french: "Français", "Français";
    english: "English", "English";
    act_sign_out_device: "Déconnexion d’un appareil", "Signing out a device";
    my_status: "Mon statut", "My status";
    status: "Statut", "Status";
    top_tier: "C’est le statut le plus haut.", "This is the highest status.";
    confirmed_points: "confirmés", "confirmed points";
    sending: "Envoi en cours", "Sending";
    company_title: "Mon entreprise, mon conseiller", "My company and advisor";
    my_advisor: "Mon conseiller", "My advisor";
    my_part: "Mon rôle", "My part";
    you_are_manager: "Vous êtes responsable : vous voyez et dépensez les points de l’entreprise.", "You are a manager: you see and spend the company’s points.";
    colleagues_title: "Les membres de l’entreprise", "Members of the company";
    manager: "Responsable", "Manager";
    tiers_title: "Les statuts et leurs avantages", "The tiers and their benefits";
    you_are_here: "Vous êtes ici", "You are here";
    devices_title: "Mes appareils", "My devices";
    devices_hint: "Les téléphones et navigateurs connectés à votre compte. Déconnectez ceux que vous n’avez plus.", "Phones and browsers signed in to your account. Sign out those you no longer have.";
    no_devices: "La liste arrive avec le prochain contact.", "The list comes with the next contact.";
    this_phone: "Ce téléphone", "This phone";
    sign_out_this: "Déconnecter", "Sign out";
    ending: "Déconnexion à confirmer", "Signing out, to confirm";
    language_title: "Langue", "Language";
    language_hint: "Change tout de suite sur ce téléphone, et dans les messages du club.", "Changes at once on this phone, and in the club’s messages.";
    help_title: "Aide", "Help";
    help_offline_title: "Sans réseau", "Without a network";
    help_offline: "Statut, points, cours, billets et cadeaux sont sur ce téléphone. Vous pouvez lire, apprendre, vous inscrire et demander : tout part quand le réseau revient.", "Status, points, courses, tickets and rewards are on this phone. You can read, learn, join and ask: everything goes out when the network is back.";
    help_states_title: "Où en est ce que j’ai fait ?", "Where has it got to?";
    help_saved: "Ce que vous avez fait est écrit sur ce téléphone. Vous pouvez le ranger.", "What you did is written on this phone. You can put it away.";
    help_sent: "C’est en route vers le serveur. Pas encore de réponse.", "It is on its way to the server. No answer yet.";
    help_confirmed: "Le serveur a dit oui.", "The server said yes.";
    help_refused: "Le serveur a dit non. La raison est à côté, avec ce que vous pouvez faire.", "The server said no. The reason is beside it, with what you can do.";
    help_parked: "L’envoi a échoué dix fois. Touchez Réessayer dans Mon activité.", "Sending failed ten times. Tap Try again in My activity.";
    help_points_title: "Les points", "Points";
    help_points: "Confirmés : à dépenser. À confirmer : un quiz rendu, pas encore corrigé. Réservés : mis de côté pour une demande.", "Confirmed: yours to spend. To confirm: a quiz handed in, not marked yet. Reserved: set aside for a request.";
    help_shared_title: "Un téléphone à plusieurs", "A shared phone";
    help_shared: "Chacun a ses données. Déconnectez-vous avant de passer le téléphone : personne d’autre ne voit les vôtres.", "Everyone has their own data. Sign out before you hand the phone over: nobody else sees yours.";
    install_title: "Sur l’écran d’accueil", "On the home screen";
    install_why: "Un geste pour l’ouvrir, et le téléphone garde mieux vos données.", "One tap to open it, and the phone keeps your data better.";
    install_why_apple: "Sur iPhone, ce qui n’est pas envoyé peut s’effacer après sept jours si l’application n’est pas sur l’écran d’accueil.", "On an iPhone, what is not sent may be erased after seven days unless the app is on the home screen.";
    install: "Installer", "Install";
    install_apple: "Dans Safari, touchez Partager, puis « Sur l’écran d’accueil ». Ouvrez-la de là et connectez-vous une fois.", "In Safari, tap Share, then “Add to Home Screen”. Open it from there and sign in once.";
    install_other: "Ouvrez le menu du navigateur, puis « Installer l’application » ou « Ajouter à l’écran d’accueil ».", "Open the browser’s menu, then “Install app” or “Add to Home screen”.";
    sign_out: "Se déconnecter", "Sign out";
    sign_out_clean: "Tout est envoyé. Vos données peuvent être effacées d’ici, ou rester chiffrées : seul votre retour les ouvre.", "Everything has been sent. Your data can be erased from here, or stay encrypted: only your return opens it.";
    sign_out_keep: "Se déconnecter et garder mes données", "Sign out and keep my data";
    sign_out_erase: "Se déconnecter et effacer mes données d’ici", "Sign out and erase my data from here";
    sign_out_offline: "Hors ligne : ce téléphone est déconnecté tout de suite, le serveur l’apprend au prochain contact.", "Offline: this phone is signed out at once, the server hears of it at the next contact.";
    keep_for_me: "Garder pour moi sur ce téléphone", "Keep for me on this phone";
    keep_for_me_hint: "Gardé : personne d’autre ne le voit, et cela part quand vous vous reconnectez ici.", "Kept: nobody else sees it, and it goes out when you sign in here again.";
    delete_word: "SUPPRIMER", "DELETE";
    delete_and_leave: "Supprimer et se déconnecter", "Delete and sign out";
}

fill! {
    act_language(language: &str): "Langue : {language}", "Language: {language}";
    missing_for(points: &str, tier: &str): "Encore {points} pour {tier}", "{points} more to reach {tier}";
    missing_for_reward(points: &str, title: &str): "Encore {points} pour : {title}", "{points} more for: {title}";
    worth_up_to(title: &str): "Jusqu’à : {title}", "Up to: {title}";
    expire_on(points: &str, day: &str): "{points} expirent le {day}.", "{points} expire on {day}.";
    earned_in_period(points: &str, from: &str): "{points} gagnés depuis le {from}.", "{points} earned since {from}.";
    review_on(day: &str): "Statut revu le {day}.", "Status reviewed on {day}.";
    call(number: &str): "Appeler {number}", "Call {number}";
    write_to(address: &str): "Écrire à {address}", "Write to {address}";
    from_points(points: &str): "Dès {points}", "From {points}";
    since(at: &str): "Connecté depuis : {at}", "Signed in: {at}";
    last_contact(at: &str): "Dernier contact avec le serveur : {at}.", "Last contact with the server: {at}.";
    type_to_delete(word: &str): "Ou tout supprimer : écrivez {word}", "Or delete everything: type {word}";
}

count! {
    points_to_confirm: "{n} point à confirmer" / "{n} points à confirmer", "{n} point to confirm" / "{n} points to confirm";
    points_reserved: "{n} point réservé" / "{n} points réservés", "{n} point reserved" / "{n} points reserved";
    rewards_within_reach: "{n} cadeau à votre portée" / "{n} cadeaux à votre portée", "{n} reward within your reach" / "{n} rewards within your reach";
    sign_out_unsent: "{n} élément n’est pas encore envoyé. Que voulez-vous en faire ?" / "{n} éléments ne sont pas encore envoyés. Que voulez-vous en faire ?", "{n} item has not been sent yet. What should happen to it?" / "{n} items have not been sent yet. What should happen to them?";
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

/// What the activity page says of an act.
#[cfg(feature = "csr")]
pub(super) fn describe(_: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    Some(Described {
        words: match act.command()? {
            Command::SetLanguage { language } => act_language(lang, self::language(language)),
            Command::SignOutDevice { .. } => act_sign_out_device(lang).to_owned(),
        },
        route: None,
        minor: false,
    })
}

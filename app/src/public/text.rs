//! Texts of the public pages, and of the messages that carry codes.

use domain::{Day, Lang};

pub use crate::text::{error_event_cancelled, from_to, hour_in, join_until, place, seats, webinar, when};
pub use crate::text::{
    legal_acts, legal_devices, legal_kept_title, legal_long_acts, legal_long_codes, legal_long_points,
    legal_long_rest, legal_long_sessions, legal_long_title, legal_never, legal_never_title, legal_orders,
    legal_who,
};

say! {
    language_name: "Français", "English";
    skip: "Aller au contenu", "Skip to content";
    landing_lead: "Vos points, vos formations, vos rendez-vous et vos récompenses, dans votre poche. Avec ou sans réseau.", "Your points, your courses, your events and your rewards, in your pocket. With or without a signal.";
    landing_points_title: "Vos commandes comptent", "Your orders count";
    landing_points: "Chaque commande rapporte des points. Votre statut, vos points et leur date de fin sont toujours à jour.", "Every order earns points. Your status, your points and when they end are always there to see.";
    landing_learn_title: "Apprendre en dix minutes", "Learn in ten minutes";
    landing_learn: "Des leçons courtes pour votre métier. Un quiz réussi rapporte des points aussi.", "Short lessons for your trade. Passing a quiz earns points too.";
    landing_offline_title: "Même au fond du chantier", "Even at the back of the site";
    landing_offline: "Ce que vous faites sans réseau est gardé sur le téléphone et part tout seul dès que le réseau revient.", "What you do without a signal is kept on the phone and goes out by itself when the signal is back.";
    landing_members: "Le programme est ouvert aux clients invités. Votre conseiller vous donne votre carte d’invitation.", "The programme is for invited customers. Your advisor gives you your invitation card.";
    sign_in: "Se connecter", "Sign in";
    sign_in_to_join: "Se connecter pour s’inscrire", "Sign in to join";
    open_in_app: "Déjà connecté sur ce téléphone ? Ouvrir dans l’application", "Signed in on this phone already? Open it in the app";
    joining_closed: "Les inscriptions sont closes", "Joining has closed";
    event_over: "C’est passé", "It is over";
    open_app: "Ouvrir l’application", "Open the app";
    sign_in_lead: "Nous vous envoyons un code à six chiffres. Pas de mot de passe à retenir.", "We send you a six-digit code. No password to remember.";
    address_label: "Numéro de mobile ou e-mail", "Mobile number or e-mail";
    address_hint: "Celui que votre conseiller connaît.", "The one your advisor knows.";
    address_send: "Recevoir le code", "Send me the code";
    address_unreadable: "Ce n’est ni un numéro de téléphone ni une adresse e-mail. Exemple : 06 39 98 00 10 ou marie@example.com.", "This is neither a phone number nor an e-mail address. For example: +33 6 39 98 00 10 or marie@example.com.";
    too_many_codes: "Trop de codes demandés. Attendez dix minutes, une heure au plus, ou demandez un code à votre conseiller.", "Too many codes were asked for. Wait ten minutes, an hour at most, or ask your advisor for a code.";
    too_many_tries: "Trop d’essais. Attendez une minute, ou demandez un code à votre conseiller.", "Too many tries. Wait a minute, or ask your advisor for a code.";
    have_card: "J’ai une carte d’invitation ou un code de mon conseiller", "I have an invitation card or a code from my advisor";
    demo_title: "Essayer la démonstration", "Try the demo";
    demo_hint: "Choisissez une personne. Le code s’affiche à l’écran suivant ; rien n’est envoyé.", "Choose a person. The code is shown on the next screen; nothing is sent.";
    code_title: "Votre code", "Your code";
    code_label: "Code à six chiffres", "Six-digit code";
    code_hint: "Il arrive en moins d’une minute et vaut dix minutes.", "It arrives within a minute and is good for ten minutes.";
    code_enter: "Continuer", "Continue";
    code_stale: "Ce code n’est plus valable. Demandez-en un nouveau.", "This code is no longer good. Ask for a new one.";
    code_again: "Envoyer un nouveau code", "Send a new code";
    code_sent_again: "Un nouveau code est parti. L’ancien ne sert plus sur cet écran.", "A new code is on its way. The old one no longer works on this screen.";
    other_address: "Changer de numéro ou d’e-mail", "Use another number or e-mail";
    who_title: "Qui êtes-vous ?", "Who are you?";
    who_lead: "Ce numéro est celui de plusieurs personnes. Chacune a son compte.", "This number is that of several people. Each has an account.";
    demo_code: "Code de démonstration :", "Demo code:";
    invitation_title: "Carte d’invitation", "Invitation card";
    invitation_lead: "Recopiez le code de votre carte, ou celui que votre conseiller vous a donné.", "Type the code of your card, or the one your advisor gave you.";
    invitation_scanned: "Bienvenue. Touchez le bouton pour ouvrir votre compte sur ce téléphone.", "Welcome. Tap the button to open your account on this phone.";
    invitation_label: "Code", "Code";
    invitation_hint: "Des lettres et des chiffres, par exemple 4K7Q-MD2X-9PTH.", "Letters and digits, for example 4K7Q-MD2X-9PTH.";
    invitation_enter: "Ouvrir mon compte", "Open my account";
    invitation_stale: "Ce code n’est pas valable : il a déjà servi, il est trop ancien, ou un signe est faux. Votre conseiller peut vous en donner un autre.", "This code is not good: it has been used, it is too old, or a sign is wrong. Your advisor can give you another.";
    legal: "Données personnelles", "Personal data";
    legal_phone: "Sur votre téléphone : une copie de vos propres données, pour l’ouvrir sans réseau. À la déconnexion, vous choisissez de l’effacer ou de la garder chiffrée.", "On your phone: a copy of your own data, so that it opens without a signal. When you sign out you choose to delete it or to keep it encrypted.";
    legal_rights_title: "Vos droits", "Your rights";
    legal_rights: "Vous pouvez demander à voir vos données, à les corriger, à en recevoir une copie, à les faire effacer ou à quitter le programme. Adressez-vous à votre conseiller. Si la réponse ne vous satisfait pas, saisissez l’autorité de protection des données de votre pays (en France, la CNIL).", "You may ask to see your data, to have it corrected, to receive a copy, to have it erased, or to leave the programme. Ask your advisor. If the answer does not satisfy you, turn to the data protection authority of your country (in France, the CNIL).";
    not_found_title: "Cette page n’existe pas", "This page does not exist";
    not_found: "L’adresse est fausse ou la page a changé de place.", "The address is wrong or the page has moved.";
    broken_title: "Quelque chose n’a pas marché", "Something went wrong";
    broken: "Ce n’est pas de votre faute, et rien n’est perdu. Réessayez dans un instant.", "It is not your fault and nothing is lost. Try again in a moment.";
    refused_title: "Envoi refusé", "Not accepted";
    refused: "Cet envoi ne vient pas d’une page de ce site. Rouvrez la page et recommencez.", "This did not come from a page of this site. Open the page again and start over.";
    unreadable_title: "Demande illisible", "Not readable";
    unreadable: "Cette demande est incomplète ou trop longue. Rouvrez la page et recommencez.", "This request is incomplete or too long. Open the page again and start over.";
    back: "Retour à l’accueil", "Back to the start";
    no_script: "L’application a besoin de JavaScript, que ce navigateur bloque.", "The app needs JavaScript, which this browser blocks.";
    missing_client: "L’application n’est pas installée sur ce serveur : le dossier du site manque. La connexion et les données fonctionnent.", "The app is not installed on this server: the site folder is missing. Signing in and the data work.";
}

fill! {
    landing_title(brand: &str): "{brand}, votre programme de fidélité", "{brand}, your loyalty programme";
    description(brand: &str): "{brand} : points, formations, rendez-vous et récompenses des professionnels, même sans réseau.", "{brand}: points, courses, events and rewards for people in the trade, even without a signal.";
    code_sent(address: &str): "Si {address} est connu chez nous, un code est parti.", "If we know {address}, a code is on its way.";
    code_wrong(left: i64): "Ce n’est pas le bon code. Essais restants : {left}.", "That is not the code. Tries left: {left}.";
    trouble(id: &str): "Référence pour l’assistance : {id}", "Reference for support: {id}";
    message_subject(brand: &str, code: &str): "{code} est votre code {brand}", "{code} is your {brand} code";
    message_text(brand: &str, code: &str): "{brand} : votre code est {code}. Il vaut 10 minutes. Ne le donnez à personne.", "{brand}: your code is {code}. It is good for 10 minutes. Give it to nobody.";
    message_mail(brand: &str, code: &str): "Bonjour,\n\nVotre code pour {brand} : {code}\n\nTapez-le dans la page ouverte sur votre téléphone. Il vaut 10 minutes et sert une fois.\nNe le donnez à personne : nous ne le demandons jamais.\n\nVous n’avez rien demandé ? Ne faites rien, personne n’entre sans ce code.\n", "Hello,\n\nYour code for {brand}: {code}\n\nType it into the page that is open on your phone. It is good for 10 minutes and works once.\nGive it to nobody: we never ask for it.\n\nYou did not ask for it? Do nothing; nobody gets in without this code.\n";
    day_at(day: &str, time: &str): "{day}, {time}", "{day}, {time}";
    card_title(brand: &str): "Bienvenue chez {brand}", "Welcome to {brand}";
    card_steps(address: &str): "Visez le carré avec l’appareil photo de votre téléphone, ou ouvrez {address} et tapez le code.", "Point your phone’s camera at the square, or open {address} and type the code.";
    card_until(date: &str): "Valable une fois, jusqu’au {date}.", "Good once, until {date}.";
}

const DAYS: [[&str; 7]; 2] = [
    [
        "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    ],
    [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
];
const MONTHS: [[&str; 12]; 2] = [
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

/// `samedi 5 décembre 2026`, `Saturday 5 December 2026`; the first of a French month is `1er`.
pub fn long_day(lang: Lang, day: Day) -> String {
    let (year, month, date) = day.ymd();
    let names = match lang {
        Lang::Fr => 0,
        Lang::En => 1,
    };
    let weekday = DAYS[names][day.weekday()];
    let month = MONTHS[names][month as usize - 1];
    let first = if lang == Lang::Fr && date == 1 { "er" } else { "" };
    format!("{weekday} {date}{first} {month} {year}")
}

/// Formats minutes after midnight: `05:30`.
pub fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_out() {
        let day = |text| Day::parse(text).unwrap();
        assert_eq!(long_day(Lang::Fr, day("2026-12-05")), "samedi 5 décembre 2026");
        assert_eq!(long_day(Lang::Fr, day("2027-02-01")), "lundi 1er février 2027");
        assert_eq!(long_day(Lang::En, day("2024-02-29")), "Thursday 29 February 2024");
        assert_eq!(clock(330), "05:30");
    }

    #[test]
    fn french_punctuation_is_not_torn_off() {
        for (fr, _) in [super::FIXED, super::FILLED].concat() {
            for sign in [';', ':', '!', '?', '»', '%', '€'] {
                assert!(
                    !fr.contains(&format!(" {sign}")),
                    "an ordinary space before {sign} in: {fr}"
                );
            }
            assert!(!fr.contains('\''), "{fr}");
        }
    }
}

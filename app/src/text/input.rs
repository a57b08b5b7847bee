//! Texts of input errors, with their location.

use domain::input::{InputCode, InputError, InputPlace, RefKind};
use domain::{Cents, Day, Lang, Points};

say! {
    wrong_empty: "est vide", "is empty";
    wrong_missing: "manque", "is missing";
    wrong_twice: "est là deux fois", "is there twice";
    wrong_unknown_field: "n’est lu par personne : peut-être une faute de frappe", "unknown field: perhaps a slip of the pen";
    wrong_not_whole: "doit être un nombre entier", "must be a whole number";
    no_such_thing: "cela n’existe pas", "there is no such thing";
    wrong_not_utf8: "n’est pas du texte UTF-8", "is not UTF-8 text";
    wrong_no_columns: "le fichier est vide ou sa première ligne ne nomme pas les colonnes", "the file is empty: its first line must name the columns";
    wrong_encoding_unclear: "l’encodage n’est ni UTF-8 ni Windows-1252 : donnez-le avec --encoding, par exemple --encoding macintosh, ou enregistrez le fichier en UTF-8", "the encoding is neither UTF-8 nor Windows-1252: give it with --encoding, e.g. --encoding macintosh, or save the file as UTF-8";
    wrong_stray_quote: "a un guillemet au milieu d’une valeur : retirez-le, ou mettez toute la valeur entre guillemets et doublez celui-ci", "has a quote in the middle of a value: remove it, or put the whole value in quotes and double this one";
    wrong_quote_not_closed: "a une valeur entre guillemets qui ne finit pas sur sa ligne : retirez le guillemet, ou écrivez la valeur sur une seule ligne", "has a value in quotes that does not end on its line: remove the quote, or write the value in one line";
    wrong_twice_encoded: "a des accents abîmés : le fichier a été enregistré deux fois dans des encodages différents, exportez-le de nouveau en UTF-8", "has spoilt accents: the file was saved twice in different encodings, export it again as UTF-8";
    wrong_spreadsheet_error: "est une erreur de calcul du tableur, pas une valeur", "is an error of the spreadsheet’s formula, not a value";
    wrong_rounded: "a été arrondi par le tableur : mettez la colonne au format texte et exportez de nouveau", "was rounded by the spreadsheet: format the column as text and export again";
    wrong_turned_into_day: "a été pris pour une date par le tableur : mettez la colonne au format texte, écrivez-le de nouveau et exportez", "was taken for a day by the spreadsheet: format the column as text, write it again and export";
    wrong_another_spreadsheet: "ce tableur ne peut pas être lu (ancien Excel, OpenDocument, ou protégé par un mot de passe) : enregistrez-le en XLSX ou en CSV", "this spreadsheet cannot be read (old Excel, OpenDocument, or with a password): save it as XLSX or CSV";
    wrong_number_unclear: "peut se lire de deux façons, et rien dans la colonne ne dit laquelle : ajoutez --decimal , ou --decimal .", "can be read in two ways, and nothing in the column tells which: give --decimal , or --decimal .";
    wrong_date_unclear: "peut se lire de deux façons, et la colonne ne dit pas laquelle ou se contredit : ajoutez --dates dmy (jour d’abord) ou --dates mdy (mois d’abord)", "can be read in two ways, and the column does not tell which, or contradicts itself: give --dates dmy (day first) or --dates mdy (month first)";
    wrong_short_year: "doit avoir une année de quatre chiffres", "must have a year of four digits";
    wrong_no_day: "n’est pas un vrai jour : des logiciels l’écrivent là où il n’y en a pas", "is no real day: programs write it where there is none";
    wrong_no_company_yet: "cette entreprise n’existe pas ; --create-companies la créerait", "there is no such company; --create-companies would make it";
    wrong_no_address: "un membre a besoin d’un numéro de téléphone ou d’une adresse e-mail pour se connecter", "a member needs a phone number or an e-mail address to sign in";
    wrong_not_a_phone_number: "n’est pas un numéro de téléphone", "is no phone number";
    wrong_not_an_email_address: "n’est pas une adresse e-mail", "is no e-mail address";
    wrong_unknown_time_zone: "n’est pas un fuseau horaire connu", "is not a known time zone";
    wrong_not_a_ref: "doit être fait de lettres sans accent, de chiffres, de - et de _", "must be letters, digits, - and _";
    wrong_ends_before: "la fin est avant le début", "ends before it begins";
    wrong_trade_in_use: "des membres ont ce métier : il ne peut pas disparaître", "members have this trade: it cannot go";
    wrong_place_or_webinar: "il faut un lieu ou une adresse en ligne, et un seul des deux", "there must be either a place or a webinar";
    wrong_not_https: "doit être une adresse https", "must be an https address";
    wrong_not_a_picture: "n’est ni PNG, ni JPEG, ni WebP", "is no PNG, JPEG or WebP";
    wrong_no_title_line: "la première ligne doit être le titre, comme # Les mains propres", "the first line must be the title, like # Clean hands";
    wrong_points_need_graded: "un cours qui rapporte des points a besoin de questions notées", "a course with points needs graded questions";
    wrong_no_options_here: "cette sorte de question n’a pas de choix", "this kind of question has no options";
    wrong_nothing_right: "un choix au moins doit être juste", "at least one option must be right";
    wrong_correct_does_not_fit: "ne va pas avec la sorte de question : une place pour single, des places pour multiple, true ou false pour true_false, un nombre pour number, rien pour ordering", "does not fit the kind: a place for single, places for multiple, true or false for true_false, a number for number, nothing for ordering";
    wrong_same_wallet: "c’est deux fois le même compte", "both wallets are the same";
    wrong_cannot_merge: "on ne réunit que deux membres ou deux entreprises", "only two members or two companies can be merged";
    wrong_merged_before: "un des deux a déjà été réuni avec un autre : annulez d’abord cela", "one of the two was merged into another before: undo that first";
    wrong_not_merged: "n’a pas été réuni avec un autre", "was not merged into another";
    wrong_only_member: "seul le membre reprend sa demande", "only the member takes a request back";
    wrong_in_the_past: "est dans le passé", "is in the past";
    wrong_hour_skipped: "cette heure n’existe pas : les horloges avancent cette nuit-là", "this hour does not exist: the clocks go forward that night";
    wrong_hour_twice: "cette heure existe deux fois : les horloges reculent cette nuit-là", "this hour exists twice: the clocks go back that night";
    wrong_signs_differ: "la quantité et le montant ont des signes différents ; un retour a les deux négatifs", "quantity and amount have different signs; a return has both negative";
    wrong_sign_turned: "une commande de ce numéro est déjà là avec l’autre signe ; donnez à l’avoir un numéro à lui et mettez celui de la commande dans returns_ref", "an order of this number is there with the other sign; give the credit note a number of its own and put that of the order into returns_ref";
    wrong_return_not_negative: "une ligne avec returns_ref est un retour : son montant doit être négatif", "a row with returns_ref is a return: its amount must be negative";
    wrong_return_of_return: "doit nommer une commande, pas un retour", "must name an order, not a return";
    wrong_return_of_another: "la commande et son retour ne sont pas de la même entreprise", "the order and its return are not of the same company";
    wrong_newer: "le serveur, plus récent, n’en est pas content", "the server, which is newer, does not accept it";
    no_such_company: "cette entreprise n’existe pas", "there is no such company";
    no_such_member: "ce membre n’existe pas", "there is no such member";
    no_such_staff: "personne de l’équipe n’a cette référence", "nobody of the staff has this ref";
    no_such_event: "cet événement n’existe pas", "there is no such event";
    no_such_reward: "ce cadeau n’existe pas", "there is no such reward";
    no_such_course: "ce cours n’existe pas", "there is no such course";
    no_such_lesson: "cette leçon n’existe pas", "there is no such lesson";
    no_such_picture: "cette image n’est pas là", "this picture is not there";
    no_such_file: "ce fichier n’est pas là", "this file is not there";
    no_such_request: "cette demande n’existe pas", "there is no such request";
    no_such_tier: "le programme n’a pas ce statut", "the programme has no such tier";
    no_such_trade: "le programme n’a pas ce métier", "the programme has no such trade";
    no_such_transfer: "ce transfert n’existe pas ou a été annulé", "there is no such transfer that stands";
    at_event: "événement", "event";
    at_reward: "cadeau", "reward";
    at_question: "question", "question";
    at_tier: "statut", "tier";
    at_trade: "métier", "trade";
    at_course: "cours", "course";
    at_staff: "équipe", "staff";
}

fill! {
    wrong_twice_since(first: u64): "est là deux fois, d’abord à la ligne {first}", "is there twice, first in line {first}";
    wrong_unknown(known: &str): "doit être l’un de : {known}", "must be one of {known}";
    wrong_unknown_column(known: &str): "aucune colonne ne s’appelle ainsi ; connues : {known}", "there is no such column; known are {known}";
    wrong_unknown_column_near(known: &str, nearest: &str): "aucune colonne ne s’appelle ainsi ; connues : {known} ; les plus proches : {nearest}", "there is no such column; known are {known}; nearest: {nearest}";
    wrong_nameless_column(column: u32): "est dans la colonne {column}, qui n’a pas de nom", "is in column {column}, which has no name";
    wrong_encoding_likely(likely: &str): "l’encodage n’est ni UTF-8 ni Windows-1252, peut-être {likely} : donnez-le avec --encoding, ou enregistrez le fichier en UTF-8", "the encoding is neither UTF-8 nor Windows-1252, perhaps {likely}: give it with --encoding, or save the file as UTF-8";
    wrong_sheet_unclear(sheets: &str): "plusieurs feuilles nomment les colonnes, choisissez avec --sheet : {sheets}", "several sheets name the columns, choose with --sheet: {sheets}";
    wrong_file_too_large(most: u64): "le fichier est trop grand, {most} Mo au plus : coupez-le", "the file is too large, {most} MB is the most: cut it";
    wrong_control_character(character: &str): "contient le caractère de contrôle {character}", "contains the control character {character}";
    wrong_lost_zeros(known: &str): "est {known} aux zéros de tête près : un tableur les a sans doute retirés, mettez la colonne au format texte et exportez de nouveau ; si c’est bien un autre, ajoutez --distinct-refs", "is the same as {known} but for leading zeros: a spreadsheet has probably removed them, format the column as text and export again; if it is another one, give --distinct-refs";
    wrong_almost_known(known: &str): "ressemble à {known}, qui s’écrit un peu autrement (majuscules ou lettres composées) : est-ce le même ? Si c’est bien un autre, ajoutez --distinct-refs", "looks like {known}, which is written a little differently (capitals, or composed letters): is it the same? If it is another one, give --distinct-refs";
    note_phone_zero_lost(number: &str): "avait perdu son 0, lu comme {number}", "had lost its 0, read as {number}";
    wrong_phone_zero(number: &str): "n’a pas de 0 devant ; si un tableur l’a retiré, c’est {number} : écrivez-le ainsi", "has no 0 in front; if a spreadsheet took it away, it is {number}: write it like that";
    wrong_unreadable(said: &str): "ne peut pas être lu : {said}", "cannot be read: {said}";
    wrong_must_look_like(like: &str): "doit ressembler à {like}", "must look like {like}";
    wrong_out_of_range(least: &str, most: &str): "doit être un nombre entier de {least} à {most}", "must be a whole number from {least} to {most}";
    wrong_too_small(least: &str): "doit être un nombre entier, {least} ou plus", "must be a whole number, {least} or more";
    wrong_too_long(most: u32): "doit avoir {most} signes au plus, sans caractère de contrôle", "must be at most {most} characters, without control characters";
    wrong_width(values: u32, columns: u32): "a {values} valeurs, la première ligne nomme {columns} colonnes", "has {values} values, the first line names {columns} columns";
    wrong_not_of_company(company: &str): "n’est pas membre de l’entreprise {company}", "is not a member of company {company}";
    wrong_address_taken(member: &str): "est déjà l’adresse du membre {member}", "is already that of member {member}";
    wrong_out_of_bounds(least: &str, most: &str): "doit être un nombre de {least} à {most}", "must be a number from {least} to {most}";
    wrong_too_far_ahead(latest: Day): "est trop loin\u{202f}: {latest} au plus tard", "is too far ahead: {latest} at the latest";
    wrong_after_today(today: Day): "est après aujourd’hui, {today}", "is after today, {today}";
    wrong_no_contrast(contrast: &str): "a un contraste de {contrast}:1 sur le papier ; un texte demande 4.5:1, prenez une couleur plus foncée", "has a contrast of {contrast}:1 on the paper; text needs 4.5:1, choose a darker one";
    wrong_no_text_in(language: &str): "n’a pas de texte en {language}", "has no text in {language}";
    wrong_first_tier(threshold: Points): "le premier statut doit commencer à 0, celui-ci commence à {threshold}", "the first tier must begin at 0, this one begins at {threshold}";
    wrong_threshold(tier: &str): "doit être plus haut que celui du statut {tier}", "must be higher than that of tier {tier}";
    wrong_seats_taken(taken: i64): "{taken} places sont prises, il ne peut pas y en avoir moins", "{taken} seats are taken, there cannot be fewer";
    wrong_no_picture_here(picture: &str): "il ne peut pas y avoir d’image ici, mais le texte nomme {picture}", "there can be no picture here, but the text names {picture}";
    wrong_picture_too_large(bytes: u64, most: u64): "a {bytes} octets, {most} au plus", "has {bytes} bytes, {most} is the most";
    wrong_version_used(newest: i64): "cette version a été importée avec d’autres questions, réponses, points ou un autre seuil, que des membres ont peut-être sur leur téléphone : augmentez la version (la plus récente est {newest})", "this version was imported with other questions, answers, points or another pass mark, and members may have it on their phones: raise the version (the newest is {newest})";
    wrong_version_not_above(newest: i64): "doit être plus haut que {newest}, la plus récente", "must be higher than {newest}, the newest";
    wrong_no_option(place: u8): "il n’y a pas de choix {place}, on compte à partir de 0", "there is no option {place}, they count from 0";
    wrong_another_transfer(points: Points, on: Day): "nomme un autre transfert, de {points} points, le {on}", "names another transfer, of {points} points on {on}";
    wrong_cannot_become(from: &str, to: &str): "la demande en est à {from}, elle ne peut pas passer à {to}", "the request stands at {from}, it cannot become {to}";
    wrong_before_programme(first: Day): "est avant le début du programme, {first}", "is before the programme began, {first}";
    wrong_other_order(company: &str): "une commande de ce numéro est déjà là, de l’entreprise {company} et d’un autre montant ; donnez à chacune un numéro à elle, par exemple avec l’agence devant", "an order of this number is there, of company {company} and another amount; give each a number of its own, for example with the branch before it";
    wrong_more_returned(left: &str): "plus est rendu que ce qui a été acheté ; il en reste {left}", "more is returned than was bought; {left} is left";
    wrong_amount_too_large(most: &str): "est plus que {most}", "is more than {most}";
    wrong_too_many_points(most: &str): "donnerait plus de {most} points", "would bring more than {most} points";
    wrong_not_booked(said: &str): "n’a pas pu être inscrite aux comptes\u{202f}: {said}", "could not be booked: {said}";
    wrong_still_used(by: &str): "est encore utilisé par : {by}", "is still used by: {by}";
    at_line(line: u64): "ligne {line}", "line {line}";
    at_earning(version: u32): "règle de points {version}", "earning version {version}";
}

/// Formats location, value and error: `line 3, phone "12": is no phone number`.
pub fn input_error(error: &InputError, lang: Lang) -> String {
    let mut places: Vec<String> = error.at.iter().map(|place| at(place, lang)).collect();
    if let Some(value) = &error.value {
        let last = places.pop().map_or(String::new(), |place| place + " ");
        places.push(format!("{last}{}", as_it_stands(value)));
    }
    let words = input_code(&error.code, lang);
    if places.is_empty() {
        return words;
    }
    let colon = match lang {
        Lang::Fr => "\u{202f}: ",
        Lang::En => ": ",
    };
    format!("{}{colon}{words}", places.join(", "))
}

fn at(place: &InputPlace, lang: Lang) -> String {
    let named = |what: fn(Lang) -> &'static str, reference: &String| format!("{} {reference:?}", what(lang));
    match place {
        InputPlace::File(name) | InputPlace::Field(name) => name.clone(),
        InputPlace::Line(line) => at_line(lang, *line),
        InputPlace::Event(reference) => named(at_event, reference),
        InputPlace::Reward(reference) => named(at_reward, reference),
        InputPlace::Question(reference) => named(at_question, reference),
        InputPlace::Tier(reference) => named(at_tier, reference),
        InputPlace::Trade(reference) => named(at_trade, reference),
        InputPlace::Course(reference) => named(at_course, reference),
        InputPlace::Staff(reference) => named(at_staff, reference),
        InputPlace::Earning(version) => at_earning(lang, *version),
        // A location of a newer server; the locations inside it are still named.
        InputPlace::Newer => "…".into(),
    }
}

/// Hundredths as files write them.
fn cents(amount: Cents) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

/// In quotes, with nothing changed but what cannot be seen.
fn as_it_stands(value: &str) -> String {
    let mut shown = String::from('"');
    for letter in value.chars() {
        if letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
        {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown.push('"');
    shown
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// The text of an error, without its location.
pub fn input_code(code: &InputCode, lang: Lang) -> String {
    let fixed = match code {
        InputCode::Empty => wrong_empty,
        InputCode::Missing => wrong_missing,
        InputCode::Twice { first_line: None } => wrong_twice,
        InputCode::Twice {
            first_line: Some(line),
        } => return wrong_twice_since(lang, *line),
        InputCode::Unknown { known } => return wrong_unknown(lang, &known.join(", ")),
        InputCode::UnknownField => wrong_unknown_field,
        InputCode::UnknownColumn { known, nearest } if nearest.is_empty() => {
            return wrong_unknown_column(lang, &known.join(", "));
        }
        InputCode::UnknownColumn { known, nearest } => {
            return wrong_unknown_column_near(lang, &known.join(", "), &nearest.join(", "));
        }
        InputCode::NamelessColumn { column } => return wrong_nameless_column(lang, *column),
        InputCode::EncodingUnclear { likely } if likely.is_empty() => wrong_encoding_unclear,
        InputCode::EncodingUnclear { likely } => return wrong_encoding_likely(lang, likely),
        InputCode::FileTooLarge { most } => return wrong_file_too_large(lang, *most),
        InputCode::AnotherSpreadsheet => wrong_another_spreadsheet,
        InputCode::SheetUnclear { sheets } => return wrong_sheet_unclear(lang, &sheets.join(", ")),
        InputCode::TurnedIntoDay => wrong_turned_into_day,
        InputCode::StrayQuote => wrong_stray_quote,
        InputCode::QuoteNotClosed => wrong_quote_not_closed,
        InputCode::ControlCharacter { character } => {
            return wrong_control_character(lang, &format!("U+{character:04X}"));
        }
        InputCode::TwiceEncoded => wrong_twice_encoded,
        InputCode::SpreadsheetError => wrong_spreadsheet_error,
        InputCode::RoundedBySpreadsheet => wrong_rounded,
        InputCode::LostZeros { known } => return wrong_lost_zeros(lang, &quoted(known)),
        InputCode::AlmostKnown { known } => return wrong_almost_known(lang, &quoted(known)),
        InputCode::PhoneZeroLost { number } => return note_phone_zero_lost(lang, number),
        InputCode::PhoneZeroMissing { number } => return wrong_phone_zero(lang, number),
        InputCode::NumberUnclear => wrong_number_unclear,
        InputCode::DateUnclear => wrong_date_unclear,
        InputCode::ShortYear => wrong_short_year,
        InputCode::NoDay => wrong_no_day,
        InputCode::NotAWholeNumber => wrong_not_whole,
        InputCode::NotUtf8 => wrong_not_utf8,
        InputCode::Unreadable { said } => return wrong_unreadable(lang, said),
        InputCode::MustLookLike { like } => return wrong_must_look_like(lang, like),
        InputCode::OutOfRange { least, most } => {
            return wrong_out_of_range(lang, &least.to_string(), &most.to_string());
        }
        InputCode::OutOfBounds { least, most } => {
            return wrong_out_of_bounds(lang, &least.to_string(), &most.to_string());
        }
        InputCode::TooSmall { least } => return wrong_too_small(lang, &least.to_string()),
        InputCode::TooLong { most } => return wrong_too_long(lang, *most),
        InputCode::WrongWidth { values, columns } => return wrong_width(lang, *values, *columns),
        InputCode::NoColumns => wrong_no_columns,
        InputCode::NotThere { what } => match what {
            RefKind::Company => no_such_company,
            RefKind::Member => no_such_member,
            RefKind::Staff => no_such_staff,
            RefKind::Event => no_such_event,
            RefKind::Reward => no_such_reward,
            RefKind::Course => no_such_course,
            RefKind::Lesson => no_such_lesson,
            RefKind::Picture => no_such_picture,
            RefKind::File => no_such_file,
            RefKind::Request => no_such_request,
            RefKind::Tier => no_such_tier,
            RefKind::Trade => no_such_trade,
            RefKind::Transfer => no_such_transfer,
            RefKind::Newer => no_such_thing,
        },
        InputCode::NoCompanyYet => wrong_no_company_yet,
        InputCode::NotOfCompany { company } => return wrong_not_of_company(lang, &quoted(company)),
        InputCode::AddressTaken { member } => return wrong_address_taken(lang, &quoted(member)),
        InputCode::NoAddress => wrong_no_address,
        InputCode::NotAPhoneNumber => wrong_not_a_phone_number,
        InputCode::NotAnEmailAddress => wrong_not_an_email_address,
        InputCode::AfterToday { today } => return wrong_after_today(lang, *today),
        InputCode::BeforeProgramme { first } => return wrong_before_programme(lang, *first),
        InputCode::InThePast => wrong_in_the_past,
        InputCode::TooFarAhead { latest } => return wrong_too_far_ahead(lang, *latest),
        InputCode::HourSkipped => wrong_hour_skipped,
        InputCode::HourTwice => wrong_hour_twice,
        InputCode::SignsDiffer => wrong_signs_differ,
        InputCode::SignTurned => wrong_sign_turned,
        InputCode::OtherOrder { company } => return wrong_other_order(lang, &quoted(company)),
        InputCode::ReturnNotNegative => wrong_return_not_negative,
        InputCode::ReturnOfReturn => wrong_return_of_return,
        InputCode::ReturnOfAnotherCompany => wrong_return_of_another,
        InputCode::MoreReturned { left } => return wrong_more_returned(lang, &cents(*left)),
        InputCode::AmountTooLarge { most } => return wrong_amount_too_large(lang, &cents(*most)),
        InputCode::TooManyPoints { most } => return wrong_too_many_points(lang, &most.to_string()),
        InputCode::NotBooked { said } => return wrong_not_booked(lang, said),
        InputCode::UnknownTimeZone => wrong_unknown_time_zone,
        InputCode::NotARef => wrong_not_a_ref,
        InputCode::NoContrast { tenths } => {
            return wrong_no_contrast(lang, &format!("{}.{}", tenths / 10, tenths % 10));
        }
        InputCode::NoTextIn { language } => return wrong_no_text_in(lang, language.tag()),
        InputCode::FirstTierNotAtZero { threshold } => return wrong_first_tier(lang, *threshold),
        InputCode::ThresholdNotAbove { tier } => return wrong_threshold(lang, &quoted(tier)),
        InputCode::EndsBeforeItBegins => wrong_ends_before,
        InputCode::TradeInUse => wrong_trade_in_use,
        InputCode::StillUsed { by } => {
            let by: Vec<String> = by.iter().map(|place| at(place, lang)).collect();
            return wrong_still_used(lang, &by.join(", "));
        }
        InputCode::PlaceOrWebinar => wrong_place_or_webinar,
        InputCode::NotHttps => wrong_not_https,
        InputCode::SeatsTaken { taken } => return wrong_seats_taken(lang, *taken),
        InputCode::NoPictureHere { picture } => return wrong_no_picture_here(lang, &quoted(picture)),
        InputCode::PictureTooLarge { bytes, most } => return wrong_picture_too_large(lang, *bytes, *most),
        InputCode::NotAPicture => wrong_not_a_picture,
        InputCode::NoTitleLine => wrong_no_title_line,
        InputCode::VersionUsed { newest } => return wrong_version_used(lang, *newest),
        InputCode::VersionNotAbove { newest } => return wrong_version_not_above(lang, *newest),
        InputCode::PointsNeedGradedQuestions => wrong_points_need_graded,
        InputCode::NoOptionsHere => wrong_no_options_here,
        InputCode::NoOption { place } => return wrong_no_option(lang, *place),
        InputCode::NothingRight => wrong_nothing_right,
        InputCode::CorrectDoesNotFit => wrong_correct_does_not_fit,
        InputCode::SameWallet => wrong_same_wallet,
        InputCode::AnotherTransfer { points, on } => return wrong_another_transfer(lang, *points, *on),
        InputCode::CannotMerge => wrong_cannot_merge,
        InputCode::MergedBefore => wrong_merged_before,
        InputCode::NotMerged => wrong_not_merged,
        InputCode::OnlyMemberTakesBack => wrong_only_member,
        InputCode::CannotBecome { from, to } => return wrong_cannot_become(lang, from, to),
        InputCode::Newer => wrong_newer,
    };
    fixed(lang).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::input::one_of;

    #[test]
    fn it_is_told_from_the_outside_in() {
        let error = InputCode::NotAPhoneNumber
            .field("phone")
            .given("12")
            .within(InputPlace::Line(3));
        assert_eq!(
            input_error(&error, Lang::En),
            "line 3, phone \"12\": is no phone number"
        );
        assert_eq!(
            input_error(&error, Lang::Fr),
            "ligne 3, phone \"12\"\u{202f}: n’est pas un numéro de téléphone"
        );
        let error = one_of(["post", "voucher"])
            .field("delivery")
            .given("air")
            .within(InputPlace::Reward("flask".into()))
            .within(InputPlace::File("rewards.toml".into()));
        assert_eq!(
            input_error(&error, Lang::En),
            "rewards.toml, reward \"flask\", delivery \"air\": must be one of post, voucher"
        );
        assert_eq!(
            input_error(&InputCode::NotMerged.into(), Lang::En),
            "was not merged into another"
        );
        assert_eq!(
            input_error(&InputCode::NotThere { what: RefKind::Event }.given("x"), Lang::En),
            "\"x\": there is no such event"
        );
    }

    #[test]
    fn everything_wrong_has_its_own_text_in_both_languages() {
        for lang in Lang::ALL {
            let mut texts: Vec<String> = InputCode::examples()
                .iter()
                .map(|code| input_code(code, lang))
                .chain(RefKind::ALL.map(|what| input_code(&InputCode::NotThere { what }, lang)))
                .collect();
            // The text for a company occurs in both lists.
            let all = texts.len() - 1;
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), all);
        }
    }
}

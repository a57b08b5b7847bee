//! The reports of an import of a file of rows.

use domain::Lang;
use domain::reading::{DateOrder, ReadingPlan};

say! {
    dates_iso: "aaaa-mm-jj", "yyyy-mm-dd";
    dates_dmy: "jj/mm/aaaa", "dd/mm/yyyy";
    dates_mdy: "mm/jj/aaaa", "mm/dd/yyyy";
    decimal_comma: "virgule décimale", "decimal comma";
    decimal_point: "point décimal", "decimal point";
    sign_tab: "tabulation", "tab";
    report_nothing_written: "rien n’est écrit", "nothing written";
    report_none_ended: "aucun n’a été retiré ; pour les retirer : --end-missing, sans ligne refusée", "none of them was ended; to end them: --end-missing, with no bad row";
}

fill! {
    plan_words(what: &str): "lu comme {what}", "read as {what}";
    plan_columns(line: u64): "colonnes à la ligne {line}", "columns in line {line}";
    plan_empty(words: &str): "vides : {words}", "empty: {words}";
    report_counted(rows: u64, time: &str, new: u64, changed: u64, unchanged: u64, bad: usize): "{rows} lignes en {time} : {new} nouvelles, {changed} modifiées, {unchanged} inchangées, {bad} refusées", "{rows} rows in {time}: {new} new, {changed} changed, {unchanged} unchanged, {bad} bad";
    report_companies_made(made: u64): "{made} entreprises créées", "{made} companies made";
    report_shared_phone(phone: &str, members: &str): "{phone} est le numéro de {members}\u{202f}: après le code, on leur demande qui ils sont", "{phone} is the number of {members}: after the code, they are asked who they are";
    report_bad_rows_in(file: &str): "les lignes refusées sont dans {file}", "bad rows are in {file}";
    report_more(count: usize): "… et {count} de plus", "… and {count} more";
    report_stays_ended(member: &str): "{member} : a été retiré à la main et le reste ; pour le laisser revenir : compagnon member back {member}", "{member}: was ended by hand and stays so; to let them in again: compagnon member back {member}";
    report_missing(count: usize, members: &str): "{count} membres ne sont pas dans le fichier : {members}", "{count} members are not in the file: {members}";
    report_ended(count: u64): "{count} d’entre eux ont été retirés", "{count} of them were ended";
    report_would_be_ended(count: u64): "{count} d’entre eux seraient retirés", "{count} of them would be ended";
}

/// Describes the reading plan of a file in one line.
pub fn reading_plan(plan: &ReadingPlan, lang: Lang) -> String {
    let mut words = vec![match plan.encoding.as_str() {
        "windows-1252" => "Windows-1252".to_owned(),
        encoding => encoding.to_owned(),
    }];
    words.extend(plan.sheet.as_ref().map(|sheet| format!("{sheet:?}")));
    words.extend(plan.separator.map(|sign| match sign {
        '\t' => sign_tab(lang).to_owned(),
        sign => format!("`{sign}`"),
    }));
    words.extend(plan.decimal.map(|sign| {
        let words = if sign == ',' { decimal_comma } else { decimal_point };
        words(lang).to_owned()
    }));
    let dates = match plan.dates {
        None => dates_iso,
        Some(DateOrder::DayMonthYear) => dates_dmy,
        Some(DateOrder::MonthDayYear) => dates_mdy,
    };
    words.push(dates(lang).to_owned());
    if plan.header_line > 1 {
        words.push(plan_columns(lang, plan.header_line));
    }
    if !plan.empty_words.is_empty() {
        words.push(plan_empty(lang, &plan.empty_words.join(" ")));
    }
    plan_words(lang, &words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_told_in_one_line() {
        let plan = ReadingPlan {
            encoding: "windows-1252".into(),
            separator: Some(';'),
            decimal: Some(','),
            dates: Some(DateOrder::DayMonthYear),
            header_line: 1,
            ..ReadingPlan::default()
        };
        assert_eq!(
            reading_plan(&plan, Lang::En),
            "read as Windows-1252, `;`, decimal comma, dd/mm/yyyy"
        );
        let plan = ReadingPlan {
            encoding: "XLSX".into(),
            sheet: Some("Ventes".into()),
            header_line: 3,
            empty_words: vec!["NULL".into()],
            ..ReadingPlan::default()
        };
        assert_eq!(
            reading_plan(&plan, Lang::Fr),
            "lu comme XLSX, \"Ventes\", aaaa-mm-jj, colonnes à la ligne 3, vides\u{202f}: NULL"
        );
    }
}

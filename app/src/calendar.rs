//! Calendar files (iCalendar, RFC 5545), made on the phone.

use domain::{Day, Timestamp};

/// One appointment.
pub struct Appointment<'a> {
    /// Stable, so that adding the event again updates it.
    pub uid: &'a str,
    pub title: &'a str,
    pub details: &'a str,
    pub place: &'a str,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub made_at: Timestamp,
}

/// The text of the file.
pub fn calendar_file(appointment: &Appointment<'_>) -> String {
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Compagnon//Compagnon//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}", appointment.uid),
        format!("DTSTAMP:{}", utc(appointment.made_at)),
        format!("DTSTART:{}", utc(appointment.starts_at)),
        format!("DTEND:{}", utc(appointment.ends_at)),
        format!("SUMMARY:{}", escaped(appointment.title)),
        format!("DESCRIPTION:{}", escaped(appointment.details)),
        format!("LOCATION:{}", escaped(appointment.place)),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines
        .iter()
        .flat_map(|line| [folded(line), "\r\n".to_owned()])
        .collect()
}

/// `20261124T093000Z`
fn utc(at: Timestamp) -> String {
    let (year, month, day) = Day(at.0.div_euclid(Timestamp::DAY) as i32).ymd();
    let seconds = at.0.rem_euclid(Timestamp::DAY) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\n' => escaped.push_str("\\n"),
            '\r' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Folds a line: at most 75 bytes each, continued on the next line after a space.
fn folded(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + line.len() / 70 * 3);
    let mut bytes = 0;
    for letter in line.chars() {
        if bytes + letter.len_utf8() > 75 {
            folded.push_str("\r\n ");
            bytes = 1;
        }
        bytes += letter.len_utf8();
        folded.push(letter);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_utc_times_escapes_and_short_lines() {
        let starts_at =
            Timestamp(i64::from(Day::parse("2026-11-24").unwrap().0) * Timestamp::DAY + 34_200_000);
        let file = calendar_file(&Appointment {
            uid: "one",
            title: "Farines, levains ; fournil",
            details: &"été ".repeat(40),
            place: "12 rue du Four\nLyon",
            starts_at,
            ends_at: starts_at.plus(Timestamp::HOUR),
            made_at: Timestamp(0),
        });
        assert!(file.contains("DTSTART:20261124T093000Z\r\nDTEND:20261124T103000Z\r\n"));
        assert!(file.contains("DTSTAMP:19700101T000000Z"));
        assert!(file.contains("SUMMARY:Farines\\, levains \\; fournil\r\n"));
        assert!(file.contains("LOCATION:12 rue du Four\\nLyon\r\n"));
        assert!(file.split("\r\n").all(|line| line.len() <= 75));
    }
}

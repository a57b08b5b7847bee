//! A printable invitation card.

use anyhow::Result;
use app::public::text;
use domain::{Day, Lang};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// Formats a code in groups of four, for reading out: `4K7Q-MD2X`.
pub fn grouped(code: &str) -> String {
    let signs: Vec<char> = code.chars().collect();
    signs
        .chunks(4)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("-")
}

pub struct Card<'a> {
    pub brand: &'a str,
    pub accent: &'a str,
    pub name: &'a str,
    pub code: &'a str,
    pub public_url: &'a str,
    pub until: Day,
    pub language: Lang,
}

impl Card<'_> {
    /// Renders a self-contained page: it is printed, not served.
    pub fn html(&self) -> Result<String> {
        let Card {
            brand,
            accent,
            name,
            code,
            public_url,
            until,
            language,
        } = *self;
        let address = format!("{public_url}/invitation");
        let link = format!("{address}/{}", code.replace('-', ""));
        let square = QrCode::with_error_correction_level(link.as_bytes(), EcLevel::M)?
            .render::<svg::Color<'_>>()
            .min_dimensions(220, 220)
            .quiet_zone(true)
            .build();
        let square = square.split_once("?>").map_or(square.as_str(), |(_, svg)| svg);
        let shown = address
            .split_once("://")
            .map_or(address.as_str(), |(_, rest)| rest);
        let date = match language {
            Lang::Fr => {
                let (year, month, day) = until.ymd();
                format!("{day:02}/{month:02}/{year}")
            }
            Lang::En => until.to_string(),
        };
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
            <style>\n@page {{ size: 105mm 148mm; margin: 8mm }}\n\
            body {{ font: 12pt/1.4 system-ui, sans-serif; color: #1c1917; max-width: 89mm; margin: 0 auto; text-align: center }}\n\
            h1 {{ font-size: 18pt; border-bottom: 3pt solid {accent}; padding-bottom: 3mm }}\n\
            svg {{ width: 50mm; height: 50mm }}\n\
            strong {{ font: 700 17pt ui-monospace, monospace; letter-spacing: .06em; white-space: nowrap }}\n\
            p {{ margin: 3mm 0 }}\n</style></head>\n<body>\n<h1>{title}</h1>\n<p>{name}</p>\n{square}\n\
            <p><strong>{code}</strong></p>\n<p>{steps}</p>\n<p>{until}</p>\n</body></html>\n",
            lang = language.tag(),
            title = escape(&text::card_title(language, brand)),
            accent = escape(accent),
            name = escape(name),
            steps = escape(&text::card_steps(language, shown)),
            until = escape(&text::card_until(language, &date)),
        ))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_its_code_and_no_foreign_markup() {
        let card = Card {
            brand: "Club <b>",
            accent: "#B45309",
            name: "Zoé & Co",
            code: "4K7Q-MD2X-9PTH",
            public_url: "https://club.example.com",
            until: Day::parse("2026-12-21").unwrap(),
            language: Lang::Fr,
        };
        let html = card.html().unwrap();
        assert!(
            html.contains("4K7Q-MD2X-9PTH") && html.contains("<svg") && html.contains("21/12/2026"),
            "{html}"
        );
        assert!(html.contains("Club &lt;b&gt;") && html.contains("Zoé &amp; Co"));
        assert_eq!(grouped("4K7QMD2X9PTH"), "4K7Q-MD2X-9PTH");
    }
}

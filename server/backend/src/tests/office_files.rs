//! Files as offices write them. Each test is one kind of fault.

use super::{OPTIONS, day, order, populate, proof};
use crate::both;
use crate::db::on;
use crate::import::{Given, Options, Report, companies, members, orders};
use crate::members::{find_company_by_ref, find_member};
use crate::testing::TestDb;
use domain::input::{InputCode, InputError};
use domain::reading::DateOrder;
use encoding_rs::WINDOWS_1252;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const ORDERS: &str = "order_ref,company_ref,ordered_on,quantity,amount";
const MEMBERS: &str = "member_ref,company_ref,name,phone,email,trade,function,manager,language";
const COMPANIES: &str = "company_ref,name,town,joined_on,order_points";

const SKIP: Options = Options {
    skip_bad: true,
    ..OPTIONS
};

async fn import(test: &TestDb, file: &[u8], options: Options) -> Report {
    orders(&test.db, file, options, |_| {}).await.unwrap()
}

async fn refused(test: &TestDb, file: &[u8], options: Options) -> InputError {
    match orders(&test.db, file, options, |_| {}).await {
        Err(crate::Error::Input(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Each error with its line and column.
fn told(report: &Report) -> Vec<(u64, &str, &InputCode)> {
    let errors = report
        .bad
        .iter()
        .flat_map(|bad| bad.errors().map(|error| (bad.line, error)));
    errors
        .map(|(line, error)| (line, error.field().unwrap_or_default(), &error.code))
        .collect()
}

fn given(given: Given) -> Options {
    Options { given, ..OPTIONS }
}

async fn name_of(test: &TestDb, company: &str) -> String {
    let mut tx = test.db.read().await.unwrap();
    let id = find_company_by_ref(&mut tx, company).await.unwrap().unwrap();
    on!(tx, c => sqlx::query_scalar("SELECT name FROM company WHERE id = $1").bind(id).fetch_one(c).await.unwrap())
}

async fn phone_of(test: &TestDb, member: &str) -> Option<String> {
    let mut tx = test.db.read().await.unwrap();
    find_member(&mut tx, member).await.unwrap().unwrap().row.phone
}

async fn email_of(test: &TestDb, member: &str) -> Option<String> {
    let mut tx = test.db.read().await.unwrap();
    find_member(&mut tx, member).await.unwrap().unwrap().row.email
}

async fn amounts(test: &TestDb) -> Vec<(String, i64)> {
    let mut tx = test.db.read().await.unwrap();
    on!(tx, c => sqlx::query_as("SELECT ref, amount FROM orders ORDER BY ref").fetch_all(c).await.unwrap())
}

async fn ordered_on(test: &TestDb, order: &str) -> domain::Day {
    let mut tx = test.db.read().await.unwrap();
    let found = crate::orders::list_by_ref(&mut tx, &[order]).await.unwrap();
    found[0].ordered_on
}

/// A workbook of these sheets; each is a name and its rows, a row its number and its cells.
fn workbook(sheets: &[(&str, &str)], counts_from_1904: bool) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, text: String| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    part(
        "_rels/.rels",
        format!(
            r#"<Relationships xmlns="{package}"><Relationship Id="r" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    );
    let (mut names, mut targets) = (String::new(), String::new());
    for (number, (name, rows)) in (1..).zip(sheets) {
        names += &format!(r#"<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>"#);
        targets += &format!(
            r#"<Relationship Id="r{number}" Type="{relations}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
        part(
            &format!("xl/worksheets/sheet{number}.xml"),
            format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#),
        );
    }
    part(
        "xl/workbook.xml",
        format!(
            r#"<workbook xmlns="{main}" xmlns:r="{relations}"><workbookPr date1904="{}"/><sheets>{names}</sheets></workbook>"#,
            u8::from(counts_from_1904)
        ),
    );
    part(
        "xl/_rels/workbook.xml.rels",
        format!(
            r#"<Relationships xmlns="{package}">{targets}<Relationship Id="s" Type="{relations}/styles" Target="styles.xml"/></Relationships>"#
        ),
    );
    // Style 1 shows days, style 2 six digits.
    part(
        "xl/styles.xml",
        format!(
            r#"<styleSheet xmlns="{main}"><numFmts count="1"><numFmt numFmtId="164" formatCode="000000"/></numFmts><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>"#
        ),
    );
    zip.finish().unwrap().into_inner()
}

fn row(number: u32, cells: &[String]) -> String {
    format!(r#"<row r="{number}">{}</row>"#, cells.concat())
}

fn text(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn number(at: &str, number: &str) -> String {
    format!(r#"<c r="{at}"><v>{number}</v></c>"#)
}

fn styled(at: &str, style: u8, number: &str) -> String {
    format!(r#"<c r="{at}" s="{style}"><v>{number}</v></c>"#)
}

/// The row that names the columns, or any other of texts.
fn texts(line: u32, values: &str) -> String {
    let cells = values.split(',').zip('A'..);
    let cells: Vec<String> = cells
        .map(|(value, column)| text(&format!("{column}{line}"), value))
        .collect();
    row(line, &cells)
}

both! {
    async fn every_encoding_gives_the_same_names(test) {
        populate(test).await;
        let name = "Crêperie de l’Étang";
        let windows = WINDOWS_1252.encode(name).0;
        assert_eq!(windows.len(), name.chars().count());
        let file = |nth: usize| format!("company_ref;name;town;joined_on;order_points\r\ne-{nth};{name};Sète;2020-03-04;company\r\n");
        let utf_16 = |nth, mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
            let text = file(nth);
            [mark, &text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat()
        };
        let files = [
            ("UTF-8", file(0).into_bytes()),
            ("UTF-8", format!("\u{feff}{}", file(1)).into_bytes()),
            ("windows-1252", WINDOWS_1252.encode(&file(2)).0.into_owned()),
            ("UTF-16LE", utf_16(3, &[0xff, 0xfe], u16::to_le_bytes)),
            ("UTF-16BE", utf_16(4, &[0xfe, 0xff], u16::to_be_bytes)),
            ("UTF-16LE", utf_16(5, &[], u16::to_le_bytes)),
        ];
        for (nth, (encoding, bytes)) in files.into_iter().enumerate() {
            let report = companies(&test.db, bytes.as_slice(), OPTIONS, |_| {}).await.unwrap();
            assert_eq!((report.plan.encoding.as_str(), report.new), (encoding, 1));
            assert_eq!(name_of(test, &format!("e-{nth}")).await, name);
        }
        // An old Macintosh's file is not taken for Windows', and is read where that is said.
        let mac = b"company_ref,name,town,joined_on,order_points\ne-9,Cr\x90perie,S\x8fte,2020-03-04,company\n";
        let error = companies(&test.db, &mac[..], OPTIONS, |_| {}).await.unwrap_err();
        assert!(matches!(error, crate::Error::Input(error) if matches!(error.code, InputCode::EncodingUnclear { .. })));
        let options = given(Given { encoding: crate::import::encoding("macintosh"), ..Given::NOTHING });
        companies(&test.db, &mac[..], options, |_| {}).await.unwrap();
        assert_eq!(name_of(test, "e-9").await, "Crêperie");
        // What was saved wrongly before is not repaired in silence.
        let twice = format!("{COMPANIES}\ne-10,CrÃªperie,Lyon,2020-03-04,company\n");
        let report = companies(&test.db, twice.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert_eq!(told(&report), [(2, "name", &InputCode::TwiceEncoded)]);
    }

    async fn separators_and_ends_of_lines_are_found(test) {
        populate(test).await;
        let mut nth = 0;
        for separator in [",", ";", "\t", "|"] {
            for end in ["\n", "\r\n", "\r"] {
                for first in ["", "sep"] {
                    nth += 1;
                    let named = if first.is_empty() { String::new() } else { format!("sep={separator}{end}") };
                    let file = format!("{named}{ORDERS}{end}s-{nth},c-mill,2026-11-01,1,12{end}s-{nth}x,c-none,2026-11-01,1,12{end}");
                    let file = file.replace(',', separator);
                    let report = import(test, file.as_bytes(), SKIP).await;
                    let line = if first.is_empty() { 3 } else { 4 };
                    assert_eq!(report.plan.separator, separator.chars().next());
                    assert_eq!((report.new, told(&report)), (1, vec![(line, "company_ref", &InputCode::NoCompanyYet)]), "{file:?}");
                }
            }
        }
        let odd = "order_ref:company_ref:ordered_on:quantity:amount\ns-odd:c-mill:2026-11-01:1:12\n";
        let options = given(Given { separator: Some(':'), ..Given::NOTHING });
        assert_eq!(import(test, odd.as_bytes(), options).await.new, 1);
    }

    async fn a_stray_quote_swallows_nothing(test) {
        populate(test).await;
        let file = format!(
            "{COMPANIES}\nq-1,Le \"Bon\" Pain,Lyon,2020-01-01,company\nq-2,\"Au Four,Lyon,2020-01-01,company\n\
             q-3,Le Moulin,Lyon,2020-01-01,company\nq-4,Chez \"Lou,Lyon,2020-01-01,company\n\
             q-5,\"Le \"\"Vrai\"\" Pain\",Lyon,2020-01-01,company\nq-6,\"Rue\nHaute\",Lyon,2020-01-01,company\n\
             q-7,\"Fin\"x,Lyon,2020-01-01,company\n"
        );
        let report = companies(&test.db, file.as_bytes(), SKIP, |_| {}).await.unwrap();
        assert_eq!(told(&report), [
            (2, "", &InputCode::StrayQuote),
            (3, "", &InputCode::QuoteNotClosed),
            (5, "", &InputCode::StrayQuote),
            (7, "", &InputCode::QuoteNotClosed),
            (8, "", &InputCode::StrayQuote),
            (9, "", &InputCode::StrayQuote),
        ]);
        assert_eq!((report.rows, report.new), (8, 2));
        assert_eq!(name_of(test, "q-5").await, "Le \"Vrai\" Pain");
    }

    async fn empty_columns_are_passed_over_and_unknown_ones_named_together(test) {
        populate(test).await;
        let file = "\u{feff}Order_Ref, COMPANY_REF ,ordered_on,quantity,amount,,\nt-1,c-mill,2026-11-01,1,12,,\n,,,,,,\n \n\
            t-2,c-mill,2026-11-01,1,12\nt-3,c-mill,2026-11-01,1,12,,x\nt-4,c-mill,2026-11-01,1,12,,,,\nt-5,c-mill,2026-11-01,1,12,,,y\n";
        let report = import(test, file.as_bytes(), SKIP).await;
        assert_eq!(told(&report), [
            (6, "", &InputCode::NamelessColumn { column: 7 }),
            (8, "", &InputCode::WrongWidth { values: 8, columns: 7 }),
        ]);
        assert_eq!(report.new, 3);
        // Titles may stand above the names; a name that nobody knows is refused with all of its kind.
        let file = format!("Ventes\n\n{ORDERS}\nt-6,c-mill,2026-11-01,1,12\nt-7,c-mill,never,1,12\n");
        let report = import(test, file.as_bytes(), SKIP).await;
        assert_eq!((report.plan.header_line, report.bad[0].line), (3, 5));
        let file = format!("{ORDERS}\n{ORDERS}\nt-8,c-mill,2026-11-01,1,12\n");
        let options = given(Given { header_line: Some(2), ..Given::NOTHING });
        assert_eq!(import(test, file.as_bytes(), options).await.new, 1);
        let error = refused(test, b"order_ref;compny_ref;ordered_on;quantity;montant;amount ht\n", OPTIONS).await;
        assert_eq!(error.value.as_deref(), Some("compny_ref, montant, amount ht"));
        match error.code {
            InputCode::UnknownColumn { known, nearest } => {
                assert_eq!(known.len(), 7);
                assert_eq!(nearest, ["company_ref", "amount"]);
            }
            other => panic!("{other:?}"),
        }
    }

    async fn amounts_are_read_in_every_notation(test) {
        populate(test).await;
        let amounts_of = |values: &[&str]| {
            let rows = values.iter().enumerate().map(|(nth, value)| {
                let sign = if value.starts_with(['(', '-', '\u{2212}']) || value.ends_with('-') { "-" } else { "" };
                format!("n-{nth:02};c-mill;2026-11-01;{sign}1;{value}\n")
            });
            format!("{}\n{}", ORDERS.replace(',', ";"), rows.collect::<String>())
        };
        let french = ["1 234,56", "1\u{a0}234,56", "1\u{202f}234,56", "1.234,56", "(12,00)", "12,00-", "\u{2212}12", "12,50 €", "12,3400", "1.500"];
        let report = import(test, amounts_of(&french).as_bytes(), OPTIONS).await;
        assert_eq!((told(&report), report.plan.decimal), (vec![], Some(',')));
        let read: Vec<i64> = amounts(test).await.into_iter().map(|(_, amount)| amount).collect();
        assert_eq!(read, [123_456, 123_456, 123_456, 123_456, -1_200, -1_200, -1_200, 1_250, 1_234, 150_000]);
        let english = ["1,234.56", "12.3400", "-12.00", "€12.50", "(12.00)", "1,500"];
        let report = import(test, amounts_of(&english).replace("n-", "o-").as_bytes(), OPTIONS).await;
        assert_eq!((told(&report), report.plan.decimal), (vec![], Some('.')));
        let read: Vec<i64> = amounts(test).await.into_iter().skip(10).map(|(_, amount)| amount).collect();
        assert_eq!(read, [123_456, 1_234, -1_200, 1_250, -1_200, 150_000]);
        // One reading or none: nothing in the file tells a thousand from a thousandth.
        let unclear = amounts_of(&["1.500", "2.250"]).replace("n-", "p-");
        let report = import(test, unclear.as_bytes(), OPTIONS).await;
        assert_eq!(told(&report), [(2, "amount", &InputCode::NumberUnclear), (3, "amount", &InputCode::NumberUnclear)]);
        let options = given(Given { decimal: Some(','), ..Given::NOTHING });
        assert_eq!(import(test, unclear.as_bytes(), options).await.new, 2);
        let proof = proof(test).await;
        assert_eq!(proof.issued - proof.taken_back, 1234 * 4 - 12 * 3 + 12 + 12 + 1500 + 1234 + 12 - 12 + 12 - 12 + 1500 + 1500 + 2250);
    }

    async fn an_ambiguous_day_is_never_guessed(test) {
        populate(test).await;
        let file = |days: &[&str]| {
            let rows = days.iter().enumerate().map(|(nth, day)| format!("d-{nth},c-mill,{day},1,12\n"));
            format!("{ORDERS}\n{}", rows.collect::<String>())
        };
        let unclear = file(&["03/11/2026", "04/11/2026"]);
        let report = import(test, unclear.as_bytes(), OPTIONS).await;
        assert_eq!(told(&report), [(2, "ordered_on", &InputCode::DateUnclear), (3, "ordered_on", &InputCode::DateUnclear)]);
        for (dates, first) in [(DateOrder::DayMonthYear, "2026-11-03"), (DateOrder::MonthDayYear, "2026-03-11")] {
            let options = given(Given { dates: Some(dates), ..Given::NOTHING });
            assert!(import(test, unclear.as_bytes(), options).await.kept);
            assert_eq!(ordered_on(test, "d-0").await, day(first));
        }
        // One day of the column proves it for all; two that contradict each other prove nothing.
        assert!(import(test, file(&["03/11/2026", "10/19/2026"]).as_bytes(), OPTIONS).await.kept);
        assert_eq!(ordered_on(test, "d-0").await, day("2026-03-11"));
        let report = import(test, file(&["03/11/2026", "10/19/2026", "19/10/2026"]).as_bytes(), OPTIONS).await;
        assert_eq!(report.bad.len(), 3);
        // A decimal comma and a month in front do not go together.
        let slip = file(&["03/11/2026", "10/19/2026"]).replace(",12\n", ",\"12,50\"\n");
        assert_eq!(import(test, slip.as_bytes(), OPTIONS).await.bad.len(), 2);
        let report = import(test, file(&["03/11/26", "46296", "20261103", "2026-11-03 08:15", "1899-12-30", "2026-11-03 00:00:00"]).as_bytes(), SKIP).await;
        assert_eq!((report.bad.len(), report.new), (5, 1));
        assert_eq!(report.bad[0].error.code, InputCode::ShortYear);
        assert_eq!(report.bad[4].error.code, InputCode::NoDay);
    }

    async fn damage_by_a_spreadsheet_is_told_as_such(test) {
        populate(test).await;
        assert!(order(test, "007700,c-mill,2026-11-01,1,10.00,\n").await.kept);
        let known = || InputCode::LostZeros { known: "007700".into() };
        let file = format!("{ORDERS},returns_ref\n7700,c-mill,2026-11-01,1,10.00,\n\"4,7E+15\",c-mill,2026-11-01,1,10.00,\n\
            x-1,#N/A,2026-11-01,1,#NOM?,\nx-2,c-mill,2026-11-01,1,10.00,\nx-3,c-mill,2026-11-01,-1,-10.00,7700\n");
        let report = import(test, file.as_bytes(), SKIP).await;
        assert_eq!(told(&report), [
            (2, "order_ref", &known()),
            (3, "order_ref", &InputCode::RoundedBySpreadsheet),
            (4, "company_ref", &InputCode::SpreadsheetError),
            (4, "amount", &InputCode::SpreadsheetError),
            (6, "returns_ref", &known()),
        ]);
        let options = Options { distinct_refs: true, ..SKIP };
        assert_eq!(import(test, file.as_bytes(), options).await.new, 2);
        // A column of numbers without their 0 is read, and said; one of them among others is a question.
        let lost = format!("{MEMBERS}\nm-dan,c-mill,Dan Rye,639980041,,baker,user,FAUX,FR\nm-eve,c-mill,Eve Oat,,eve@example.com,baker,user,vrai,fr\n");
        let report = members(&test.db, lost.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert_eq!((report.new, report.notes.len()), (2, 1));
        assert_eq!(report.notes[0].code, InputCode::PhoneZeroLost { number: "+33639980041".into() });
        assert_eq!(phone_of(test, "m-dan").await.as_deref(), Some("+33639980041"));
        let mixed = format!("{MEMBERS}\nm-fay,c-mill,Fay Rye,639980042,,baker,user,false,fr\nm-gil,c-mill,Gil Oat,06 39 98 00 43,,baker,user,false,fr\n");
        let report = members(&test.db, mixed.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert_eq!(told(&report), [(2, "phone", &InputCode::PhoneZeroMissing { number: "+33639980042".into() })]);
    }

    async fn all_bad_cells_of_a_row_are_told_at_once(test) {
        populate(test).await;
        let file = format!("{ORDERS},member_ref\n,c-none,2026-13-01,many,\"1,2,3\",m-none\n");
        let report = import(test, file.as_bytes(), OPTIONS).await;
        let columns: Vec<&str> = told(&report).into_iter().map(|(_, column, _)| column).collect();
        assert_eq!(columns, ["order_ref", "company_ref", "ordered_on", "quantity", "amount", "member_ref"]);
        let values: Vec<&str> = report.bad[0].errors().filter_map(|error| error.value.as_deref()).collect();
        assert_eq!(values, ["", "c-none", "2026-13-01", "many", "1,2,3", "m-none"]);
        let file = format!("{COMPANIES},advisor_ref\n,,Lyon,soon,some,s-none\n");
        let report = companies(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert_eq!(told(&report).len(), 5);
        let file = format!("{MEMBERS},left_on\n,c-none,,1,2,3,4,5,6,7\n");
        let report = members(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert_eq!(told(&report).len(), 10);
    }

    async fn control_characters_are_refused_by_line(test) {
        populate(test).await;
        let file = format!("{COMPANIES}\nz-1,Nul\0,Lyon,2020-01-01,company\nz-2,Bon,Ly\0on,2020-01-01,company\nz-3,Bon,Ly\u{7}on,2020-01-01,company\n\
            z-4,Bon, Lyon\t,2020-01-01,company\nz\0-5,Bon,Lyon,2020-01-01,company\n");
        let report = companies(&test.db, file.as_bytes(), SKIP, |_| {}).await.unwrap();
        let nul = InputCode::ControlCharacter { character: 0 };
        assert_eq!(told(&report), [
            (2, "name", &nul),
            (3, "town", &nul),
            (4, "town", &InputCode::ControlCharacter { character: 7 }),
            (6, "company_ref", &nul),
        ]);
        assert_eq!(report.new, 1);
        let file = format!("{ORDERS}\nz-1,c-\0mill,2026-11-01,1,12\nz-2,c-mill,2026-11-01,1,12\n");
        let report = import(test, file.as_bytes(), SKIP).await;
        assert_eq!((told(&report), report.new), (vec![(2, "company_ref", &nul)], 1));
    }

    async fn texts_are_composed_and_refs_that_look_alike_pointed_out(test) {
        populate(test).await;
        let options = Options { create_companies: true, ..SKIP };
        let file = format!("{ORDERS}\nu-1,Crémerie,2026-11-01,1,10\nu-2,Cre\u{301}merie,2026-11-01,1,10\nu-3,C-MILL,2026-11-01,1,10\nu-4,CRÉMERIE,2026-11-01,1,10\nU-1,c-mill,2026-11-01,1,10\n");
        let report = import(test, file.as_bytes(), options).await;
        assert_eq!(told(&report), [
            (4, "company_ref", &InputCode::AlmostKnown { known: "c-mill".into() }),
            (5, "company_ref", &InputCode::AlmostKnown { known: "Crémerie".into() }),
        ]);
        assert_eq!((report.companies_created, report.new), (1, 3));
        // Capitals alone may be meant: it is said, and taken.
        assert_eq!(report.notes.len(), 1);
        assert_eq!((report.notes[0].code.clone(), report.notes[0].value.as_deref()), (InputCode::AlmostKnown { known: "u-1".into() }, Some("U-1")));
        let file = format!("{COMPANIES}\nv-1,Cre\u{301}merie,Se\u{300}te,2020-01-01,company\nv\u{200b}-1,Autre,Lyon,2020-01-01,company\n");
        let report = companies(&test.db, file.as_bytes(), SKIP, |_| {}).await.unwrap();
        assert_eq!(told(&report), [(3, "company_ref", &InputCode::AlmostKnown { known: "v-1".into() })]);
        assert_eq!(name_of(test, "v-1").await, "Crémerie");
    }

    async fn quantities_have_decimals_and_keep_their_sign(test) {
        populate(test).await;
        let file = format!("{ORDERS}\nk-1,c-mill,2026-11-01,2.5,10.00\nk-2,c-mill,2026-11-01,-0.25,-10.00\nk-3,c-mill,2026-11-01,-0.5,10.00\nk-4,c-mill,2026-11-01,0,10.00\n");
        let report = import(test, file.as_bytes(), SKIP).await;
        assert_eq!((told(&report), report.new), (vec![(4, "amount", &InputCode::SignsDiffer)], 3));
        assert_eq!(import(test, file.as_bytes(), SKIP).await.unchanged, 3);
    }

    async fn the_file_of_bad_rows_is_mended_and_imported_as_it_is(test) {
        populate(test).await;
        // Only the whole file proves the decimal comma and the order of days.
        let file = "order_ref;company_ref;ordered_on;quantity;amount;member_ref\r\nw-1;c-mill;19/10/2026;1;12,50;\r\n\
            w-2;c-mill;03/11/2026;-2;-1.250;=2+3\r\n-w-3;c-nil;04/11/2026;1;2.500;\r\n";
        let report = import(test, WINDOWS_1252.encode(file).0.as_ref(), SKIP).await;
        assert_eq!((report.new, report.bad.len()), (1, 2));
        let written = report.bad_rows_csv(',', |code| format!("{code:?}")).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(written.starts_with("order_ref;company_ref;"), "{written}");
        assert!(written.contains(";'-2;'-1.250;'=2+3;3;member_ref;"), "{written}");
        let mended = written.replace("'=2+3", "m-ann").replace("c-nil", "c-mill");
        let report = import(test, mended.as_bytes(), OPTIONS).await;
        assert!(report.kept, "{:?}", report.bad);
        let all = amounts(test).await;
        assert_eq!(all, [("-w-3".to_owned(), 250_000), ("w-1".to_owned(), 1_250), ("w-2".to_owned(), -125_000)]);
        assert_eq!(ordered_on(test, "-w-3").await, day("2026-11-04"));
        // Bad again, it is written again without what was said the first time.
        let report = import(test, written.as_bytes(), SKIP).await;
        let again = String::from_utf8(report.bad_rows_csv(',', |code| format!("{code:?}")).unwrap()).unwrap();
        assert_eq!(again.lines().next(), written.lines().next());
        proof(test).await;
    }

    async fn last_months_orders_of_a_member_who_moved_go_in_unchanged(test) {
        populate(test).await;
        let header = "order_ref,company_ref,ordered_on,quantity,amount,member_ref,returns_ref";
        let file = format!("{header}\nj-1,c-mill,2026-11-02,1,50.00,m-ann,\n");
        assert_eq!(import(test, file.as_bytes(), OPTIONS).await.new, 1);
        let moved = format!("{MEMBERS}\nm-ann,c-site,Ann Mill,,ann@example.com,foreman,decider,true,fr\n");
        let report = members(&test.db, moved.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert!(report.kept && report.changed == 1, "{:?}", report.bad);
        assert_eq!(import(test, file.as_bytes(), OPTIONS).await.unchanged, 1);
        // So do a correction, a late order of before, a return and an order of today's company.
        let more = format!("{header}\nj-1,c-mill,2026-11-02,1,60.00,m-ann,\nj-2,c-mill,2026-11-03,1,10.00,m-ann,\n\
            j-3,c-mill,2026-11-04,-1,-5.00,m-ann,j-1\nj-4,c-site,2026-11-05,1,10.00,m-ann,\n");
        let report = import(test, more.as_bytes(), OPTIONS).await;
        assert_eq!((report.changed, report.new, report.bad.len()), (1, 3, 0), "{:?}", report.bad);
        // From the day after on, only the new company is theirs.
        test.clock.advance(2 * domain::Timestamp::DAY);
        let today = {
            let mut tx = test.db.read().await.unwrap();
            crate::programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap()
        };
        let late = format!("{header}\nj-5,c-mill,{today},1,10.00,m-ann,\nj-6,c-site,{today},1,10.00,m-ann,\n");
        let report = import(test, late.as_bytes(), SKIP).await;
        assert_eq!(told(&report), [(2, "member_ref", &InputCode::NotOfCompany { company: "c-mill".into() })]);
        assert_eq!(report.new, 1);
        proof(test).await;
    }

    async fn refs_that_a_program_has_spoilt_are_not_taken_for_new_ones(test) {
        populate(test).await;
        let file = format!("{ORDERS}\n1001,c-mill,2026-11-02,1,50.00\nCMD-7,c-mill,2026-11-02,1,50.00\n00123,c-mill,2026-11-02,1,5.00\n");
        assert_eq!(import(test, file.as_bytes(), OPTIONS).await.new, 3);
        for spoilt in ["1001.0", "1001,00", "01001", "10 01", "'1001", "CMD\u{2013}7", "CMD 7", "\u{feff}CMD-7", "123", "'00123"] {
            let file = format!("order_ref;company_ref;ordered_on;quantity;amount\n{spoilt};c-mill;2026-11-02;1;50.00\n");
            let report = import(test, file.as_bytes(), SKIP).await;
            let alike = spoilt != "CMD 7";
            assert_eq!((report.new, report.bad.len()), (u64::from(!alike), usize::from(alike)), "{spoilt}: {:?}", report.bad);
        }
        for rounded in ["4,5E15", "4.5e15", "4,5 E+15"] {
            let file = format!("order_ref;company_ref;ordered_on;quantity;amount\n{rounded};c-mill;2026-11-02;1;50.00\n");
            let report = import(test, file.as_bytes(), SKIP).await;
            assert_eq!(told(&report), [(2, "order_ref", &InputCode::RoundedBySpreadsheet)], "{rounded}");
        }
    }

    async fn the_end_of_a_members_file_counts_and_not_the_order_of_its_rows(test) {
        populate(test).await;
        let ann = |email: &str| format!("m-ann,c-mill,Ann Mill,,{email},baker,decider,true,fr\n");
        let bob = |email: &str| format!("m-bob,c-mill,Bob Crumb,+33639980099,{email},baker,user,false,en\n");
        let (one, other) = ("ann@example.com", "bob@example.com");
        let rows = |rows: &[String]| format!("{MEMBERS}\n{}", rows.concat());
        let begun = members(&test.db, rows(&[bob(other), ann(one)]).as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert!(begun.kept, "{:?}", begun.bad);
        let steps = [rows(&[bob(one), ann(other)]), rows(&[ann(one), bob(other)]), rows(&[bob(one), ann(other)])];
        for (file, anns) in steps.iter().zip([other, one, other]) {
            let report = members(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
            assert!(report.kept, "{:?}", report.bad);
            assert_eq!((report.changed, report.unchanged), (2, 0));
            assert_eq!(email_of(test, "m-ann").await.as_deref(), Some(anns));
        }
        // Whoever keeps an address keeps it, and who wanted it is refused together with who wanted theirs.
        let file = rows(&[bob(other), format!("m-cat,c-site,Cat Brick,,{one},foreman,user,true,fr\n")]);
        let report = members(&test.db, file.as_bytes(), SKIP, |_| {}).await.unwrap();
        assert_eq!(told(&report).len(), 2);
        assert_eq!(email_of(test, "m-bob").await.as_deref(), Some(one));
        // Who has left, or is ended because a complete file lacks them, gives up theirs.
        let file = format!("{MEMBERS},left_on\nm-new,c-mill,New Loaf,,{other},baker,user,false,fr,\nm-ann,c-mill,Ann Mill,,{other},baker,decider,true,fr,2026-11-01\n");
        let report = members(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert!(report.kept && report.new == 1, "{:?}", report.bad);
        let options = Options { complete: true, end_missing: true, ..OPTIONS };
        let file = rows(&[format!("m-new,c-mill,New Loaf,,{one},baker,user,false,fr\n")]);
        let report = members(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.kept, report.ended, report.missing.len()), (true, 2, 2), "{:?}", report.bad);
        assert_eq!(email_of(test, "m-new").await.as_deref(), Some(one));
        assert_eq!(email_of(test, "m-bob").await, None);
        // With a bad row nobody is ended, and the address stays where it is.
        let file = rows(&[format!("m-xan,c-mill,Xan Loaf,,{one},baker,user,false,fr\n"), "m-yan,c-mill,,,,baker,user,false,fr\n".into()]);
        let report = members(&test.db, file.as_bytes(), Options { skip_bad: true, ..options }, |_| {}).await.unwrap();
        assert_eq!((report.ended, report.new, report.bad.len()), (0, 0, 2));
        proof(test).await;
    }

    async fn a_workbook_is_read_with_its_own_numbers_and_days(test) {
        populate(test).await;
        let rows = |first_day: &str| {
            [
                texts(2, "Ventes du mois"),
                texts(4, ORDERS),
                row(5, &[styled("A5", 2, "123"), text("B5", "c-mill"), styled("C5", 1, first_day), number("D5", "2.5"), number("E5", "1234.56")]),
                row(7, &[text("A7", "y-2"), text("B7", "c-mill"), number("C7", first_day), number("D7", "-1"), text("E7", "-1 000,50")]),
                row(9, &[styled("A9", 1, "46000"), text("B9", "c-mill"), number("C9", "20261101"), number("D9", "1"), r#"<c r="E9" t="e"><v>#N/A</v></c>"#.into()]),
                row(10, &[number("A10", "4500000000000001"), text("B10", "c-mill"), styled("C10", 1, first_day), number("D10", "1"), number("E10", "1.005")]),
            ].concat()
        };
        for (counts_from_1904, first_day) in [(false, "46327"), (true, "44865")] {
            let file = workbook(&[("Notes", &texts(1, "rien")), ("Ventes", &rows(first_day))], counts_from_1904);
            let report = import(test, &file, SKIP).await;
            assert_eq!((report.plan.encoding.as_str(), report.plan.sheet.as_deref(), report.plan.header_line), ("XLSX", Some("Ventes"), 4));
            assert_eq!(told(&report), [
                (9, "order_ref", &InputCode::TurnedIntoDay),
                (9, "amount", &InputCode::SpreadsheetError),
                (9, "ordered_on", &InputCode::like("2026-11-21 or 21/11/2026")),
                (10, "order_ref", &InputCode::RoundedBySpreadsheet),
                (10, "amount", &InputCode::like("29.33 or -29.33")),
            ]);
            assert_eq!(amounts(test).await, [("000123".to_owned(), 123_456), ("y-2".to_owned(), -100_050)]);
            assert_eq!((ordered_on(test, "000123").await, ordered_on(test, "y-2").await), (day("2026-11-01"), day("2026-11-01")));
            // Its bad rows are written with the signs of the texts in it, and read back.
            let written = String::from_utf8(report.bad_rows_csv(';', |code| format!("{code:?}")).unwrap()).unwrap();
            assert!(written.contains(";2026-11-01;1;1,005;10;"), "{written}");
            let mended = written.replace("1,005", "1,05").replace("4,500000000000001E+15", "y-3");
            // Also where only the ref that had become a day is left as it was.
            let mended = mended.replace(";20261101;1;#N/A;", ";2026-11-01;1;12;");
            let report = import(test, mended.as_bytes(), Options { dry_run: true, ..SKIP }).await;
            assert_eq!((report.new, told(&report)), (1, vec![(2, "order_ref", &InputCode::TurnedIntoDay)]), "{mended}");
        }
        let good = [texts(1, ORDERS), texts(2, "y-9,c-mill,2026-11-01,1,12.50")].concat();
        let two = workbook(&[("Mai", &good), ("Juin", &good.replace("y-9", "y-8"))], false);
        assert_eq!(refused(test, &two, OPTIONS).await.code, InputCode::SheetUnclear { sheets: vec!["Mai".into(), "Juin".into()] });
        let options = given(Given { sheet: Some("Juin"), ..Given::NOTHING });
        assert_eq!(import(test, &two, options).await.new, 1);
        let options = given(Given { sheet: Some("Août"), ..Given::NOTHING });
        assert_eq!(refused(test, &two, options).await.field(), Some("--sheet"));
        assert_eq!(refused(test, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", OPTIONS).await.code, InputCode::AnotherSpreadsheet);
        assert!(matches!(refused(test, b"PK\x03\x04 not whole", OPTIONS).await.code, InputCode::Unreadable { .. }));
    }

    async fn the_files_of_a_french_office_go_in_as_they_are(test) {
        populate(test).await;
        let as_excel = |text: &str| WINDOWS_1252.encode(&text.replace('\n', "\r\n")).0.into_owned();
        let file = as_excel("company_ref;name;town;joined_on;order_points;advisor_ref\nf-1;Pâtisserie Noël;Orléans;28/02/2019;company;s-lea\n");
        let report = companies(&test.db, file.as_slice(), OPTIONS, |_| {}).await.unwrap();
        assert!(report.kept && report.new == 1, "{:?}", report.bad);
        let file = as_excel("member_ref;company_ref;name;phone;email;trade;function;manager;language\nf-m;f-1;Zoé Noël;639980051;zoe@example.com;baker;decider;VRAI;fr\n");
        let report = members(&test.db, file.as_slice(), OPTIONS, |_| {}).await.unwrap();
        assert!(report.kept && report.new == 1, "{:?}", report.bad);
        let file = as_excel("order_ref;company_ref;ordered_on;quantity;amount\nf-10;f-1;02/11/2026;3;2\u{a0}345,60\nf-11;f-1;03/11/2026;-1;-45,60\n");
        let report = import(test, &file, OPTIONS).await;
        assert!(report.kept && report.new == 2, "{:?}", report.bad);
        assert_eq!(report.plan.dates, Some(DateOrder::DayMonthYear));
        assert_eq!(ordered_on(test, "f-10").await, day("2026-11-02"));
        let proof = proof(test).await;
        assert_eq!(proof.issued - proof.taken_back, 2345 - 45);
    }
}

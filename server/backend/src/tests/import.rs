use super::{OPTIONS, day, order, populate, proof};
use crate::import::{Options, Report, members, orders};
use crate::{both, programme, status};
use domain::input::{InputCode, InputError, InputPlace, one_of};

fn told(report: &Report) -> Vec<InputError> {
    report.bad.iter().map(|bad| bad.error.clone()).collect()
}

fn in_column(line: u64, column: &str, value: &str, wrong: InputCode) -> InputError {
    wrong.field(column).given(value).within(InputPlace::Line(line))
}

both! {
    async fn a_bad_row_is_named_and_nothing_is_kept(test) {
        populate(test).await;
        let report = order(test, "o-1,c-mill,2026-11-01,1,10.00,\no-2,c-mill,2026-13-01,1,10.00,\n\
            o-3,c-nobody,2026-11-01,1,10.00,\no-4,c-mill,2026-11-01,one,10.00,\no-5,c-mill,2026-11-01,1,\"10,00\",\n\
            o-6,c-mill,2026-11-01,1,10.00,m-cat\no-7,c-mill,2099-11-01,1,10.00,\no-1,c-mill,2026-11-01,1,10.00,\n\
            o-9,c-mill,2026-11-01,1\n").await;
        assert!(!report.kept);
        assert_eq!(told(&report), [
            in_column(3, "ordered_on", "2026-13-01", InputCode::like("2026-11-21")),
            in_column(4, "company_ref", "c-nobody", InputCode::NoCompanyYet),
            in_column(5, "quantity", "one", InputCode::like("3 or 2.5")),
            in_column(6, "amount", "10,00", InputCode::like("29.33 or -29.33")),
            in_column(7, "member_ref", "m-cat", InputCode::NotOfCompany { company: "c-mill".into() }),
            in_column(8, "ordered_on", "2099-11-01", InputCode::AfterToday { today: day("2026-11-21") }),
            in_column(9, "order_ref", "o-1", InputCode::Twice { first_line: Some(2) }),
            InputCode::WrongWidth { values: 4, columns: 6 }.at(InputPlace::Line(10)),
        ]);
        assert_eq!(proof(test).await.issued, 0);
        let bad = String::from_utf8(report.bad_rows_csv(',', |code| format!("{code:?}")).unwrap()).unwrap();
        assert!(bad.starts_with("order_ref,company_ref,ordered_on,quantity,amount,member_ref,error_line,"), "{bad}");
        assert_eq!(bad.lines().count(), 9);
    }

    async fn skip_bad_keeps_the_good(test) {
        populate(test).await;
        let file = "order_ref,company_ref,ordered_on,quantity,amount\no-1,c-mill,2026-11-01,1,10.00\nx,y,z,1,1\n";
        let options = Options { skip_bad: true, ..OPTIONS };
        let report = orders(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.kept, report.new, report.bad.len()), (true, 1, 1));
        assert_eq!(proof(test).await.issued, 10);
    }

    async fn a_dry_run_changes_nothing(test) {
        populate(test).await;
        let file = "order_ref,company_ref,ordered_on,quantity,amount\no-1,c-new,2026-11-01,1,10.00\n";
        let options = Options { dry_run: true, create_companies: true, ..OPTIONS };
        let report = orders(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.kept, report.new, report.companies_created), (false, 1, 1));
        assert_eq!(proof(test).await.entries, 0);
    }

    async fn real_orders_give_what_the_file_says(test) {
        let file = include_str!("../../../tests/data/cdnow_sample.csv");
        let options = Options { create_companies: true, ..OPTIONS };
        let report = orders(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.new, report.companies_created, report.bad.len()), (6919, 2357, 0));
        let in_file = |wanted: &dyn Fn(&str, &str) -> bool| -> i64 {
            file.lines().skip(1).map(|line| {
                let values: Vec<&str> = line.split(',').collect();
                let whole: i64 = values[4].split('.').next().unwrap().parse().unwrap();
                if wanted(values[1], values[2]) { whole } else { 0 }
            }).sum()
        };
        let proof = proof(test).await;
        assert_eq!(proof.issued, in_file(&|_, _| true));
        assert_eq!((proof.expired, proof.available), (0, proof.issued), "by default points do not expire");
        let mut tx = test.db.read().await.unwrap();
        let settings = programme::current(&mut tx).await.unwrap();
        let on = day("1998-06-30");
        let status = status::of_company(&mut tx, &settings, "C00004", on).await.unwrap();
        assert_eq!((status.from, status.to), (day("1997-07-01"), on));
        assert_eq!(status.points, in_file(&|company, ordered_on| {
            company == "C00004" && ("1997-07-01"..="1998-06-30").contains(&ordered_on)
        }));
        drop(tx);
        let again = orders(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((again.new, again.changed, again.unchanged, again.companies_created), (0, 0, 6919, 0));
    }

    async fn real_orders_that_are_long_past_have_expired(test) {
        populate(test).await;
        let file = include_str!("../../../tests/data/cdnow_sample.csv");
        let options = Options { create_companies: true, ..OPTIONS };
        orders(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        let proof = proof(test).await;
        assert_eq!((proof.issued, proof.expired, proof.available), (239_444, 239_444, 0));
        assert_eq!((proof.lots.count, proof.lots.open), (6911, 0));
    }

    async fn columns_are_checked_before_rows(test) {
        let columns = ["order_ref", "company_ref", "ordered_on", "quantity", "amount", "member_ref", "returns_ref"];
        let first = |error: InputError| error.within(InputPlace::Line(1));
        for (file, wrong) in [
            ("", InputCode::NoColumns.into()),
            ("order_ref,company_ref,ordered_on,quantity\n", first(InputCode::Missing.field("amount"))),
            (
                "order_ref,company_ref,ordered_on,quantity,amount,memberref\n",
                first(InputCode::UnknownColumn { known: columns.map(str::to_owned).to_vec(), nearest: vec!["member_ref".into()] }.given("memberref")),
            ),
            (
                "order_ref,order_ref,company_ref,ordered_on,quantity,amount\n",
                first(InputCode::Twice { first_line: None }.field("order_ref")),
            ),
        ] {
            match orders(&test.db, file.as_bytes(), OPTIONS, |_| {}).await {
                Err(crate::Error::Input(error)) => assert_eq!(error, wrong),
                other => panic!("{file}: {other:?}"),
            }
        }
    }

    async fn members_need_an_address_of_their_own(test) {
        populate(test).await;
        let file = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-dan,c-mill,Dan,,ann@example.com,baker,user,false,fr\n\
            m-eve,c-mill,Eve,,,baker,user,false,fr\n\
            m-fay,c-mill,Fay,12,fay@example.com,baker,user,false,fr\n\
            m-gil,c-mill,Gil,,gil@example.com,smith,user,false,fr\n\
            m-ann,c-mill,Ann Mill-Stone,06 39 98 00 10,ann@example.com,baker,decider,true,fr\n";
        let options = Options { skip_bad: true, ..OPTIONS };
        let report = members(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!(told(&report), [
            in_column(2, "email", "ann@example.com", InputCode::AddressTaken { member: "m-ann".into() }),
            in_column(3, "phone", "", InputCode::NoAddress),
            in_column(4, "phone", "12", InputCode::NotAPhoneNumber),
            in_column(5, "trade", "smith", one_of(["baker", "foreman"])),
        ]);
        assert_eq!((report.new, report.changed, report.unchanged), (0, 1, 0));
    }

    async fn a_phone_number_may_be_several_members_and_the_import_says_so(test) {
        populate(test).await;
        let file = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-ivy,c-mill,Ivy,06 39 98 00 71,,baker,user,false,fr\n\
            m-jon,c-mill,Jon,+33639980071,jon@example.com,baker,user,false,fr\n\
            m-kim,c-mill,Kim,06 39 98 00 72,,baker,user,false,fr\n";
        for _ in 0..2 {
            let report = members(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
            assert!(report.kept && report.bad.is_empty(), "{:?}", report.bad);
            assert_eq!(report.shared_phones, [("+33639980071".to_owned(), vec!["m-ivy".to_owned(), "m-jon".to_owned()])]);
        }
        // A file that does not touch them is silent.
        let other = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-kim,c-mill,Kim,06 39 98 00 72,,baker,user,false,fr\n";
        let report = members(&test.db, other.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert!(report.shared_phones.is_empty());
    }
}

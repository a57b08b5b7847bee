use super::{OPTIONS, day, order, populate, proof};
use crate::import::{Options, members, orders};
use crate::{both, programme, status};

both! {
    async fn a_bad_row_is_named_and_nothing_is_kept(world) {
        populate(world).await;
        let report = order(world, "o-1,c-mill,2026-11-01,1,10.00,\no-2,c-mill,2026-13-01,1,10.00,\n\
            o-3,c-nobody,2026-11-01,1,10.00,\no-4,c-mill,2026-11-01,one,10.00,\no-5,c-mill,2026-11-01,1,\"10,00\",\n\
            o-6,c-mill,2026-11-01,1,10.00,m-cat\no-7,c-mill,2099-11-01,1,10.00,\no-1,c-mill,2026-11-01,1,10.00,\n\
            o-9,c-mill,2026-11-01,1\n").await;
        assert!(!report.kept);
        let told: Vec<String> = report.bad.iter().map(ToString::to_string).collect();
        assert_eq!(told, [
            "line 3, ordered_on \"2026-13-01\": must be a day like 2026-11-21",
            "line 4, company_ref \"c-nobody\": there is no such company; --create-companies would make it",
            "line 5, quantity \"one\": must be a whole number",
            "line 6, amount \"10,00\": must be an amount like 29.33 or -29.33",
            "line 7, member_ref \"m-cat\": is not a member of company \"c-mill\"",
            "line 8, ordered_on \"2099-11-01\": is after today, 2026-11-21",
            "line 9, order_ref \"o-1\": is there twice, first in line 2",
            "line 10: has 4 values, the first line names 6 columns",
        ]);
        assert_eq!(proof(world).await.issued, 0);
        let bad = String::from_utf8(report.bad_rows_csv().unwrap()).unwrap();
        assert!(bad.starts_with("order_ref,company_ref,ordered_on,quantity,amount,member_ref,error_line,"), "{bad}");
        assert_eq!(bad.lines().count(), 9);
    }

    async fn skip_bad_keeps_the_good(world) {
        populate(world).await;
        let file = "order_ref,company_ref,ordered_on,quantity,amount\no-1,c-mill,2026-11-01,1,10.00\nx,y,z,1,1\n";
        let options = Options { skip_bad: true, ..OPTIONS };
        let report = orders(&world.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.kept, report.new, report.bad.len()), (true, 1, 1));
        assert_eq!(proof(world).await.issued, 10);
    }

    async fn a_dry_run_changes_nothing(world) {
        populate(world).await;
        let file = "order_ref,company_ref,ordered_on,quantity,amount\no-1,c-new,2026-11-01,1,10.00\n";
        let options = Options { dry_run: true, create_companies: true, ..OPTIONS };
        let report = orders(&world.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.kept, report.new, report.companies_created), (false, 1, 1));
        assert_eq!(proof(world).await.entries, 0);
    }

    async fn real_orders_give_what_the_file_says(world) {
        let file = include_str!("../../../tests/data/cdnow_sample.csv");
        let options = Options { create_companies: true, ..OPTIONS };
        let report = orders(&world.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((report.new, report.companies_created, report.bad.len()), (6919, 2357, 0));
        let in_file = |wanted: &dyn Fn(&str, &str) -> bool| -> i64 {
            file.lines().skip(1).map(|line| {
                let values: Vec<&str> = line.split(',').collect();
                let whole: i64 = values[4].split('.').next().unwrap().parse().unwrap();
                if wanted(values[1], values[2]) { whole } else { 0 }
            }).sum()
        };
        let proof = proof(world).await;
        assert_eq!(proof.issued, in_file(&|_, _| true));
        assert_eq!((proof.expired, proof.available), (0, proof.issued), "by default points do not expire");
        let mut tx = world.db.read().await.unwrap();
        let settings = programme::current(&mut tx).await.unwrap();
        let on = day("1998-06-30");
        let status = status::of_company(&mut tx, &settings, "C00004", on).await.unwrap();
        assert_eq!((status.from, status.to), (day("1997-07-01"), on));
        assert_eq!(status.points, in_file(&|company, ordered_on| {
            company == "C00004" && ("1997-07-01"..="1998-06-30").contains(&ordered_on)
        }));
        drop(tx);
        let again = orders(&world.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert_eq!((again.new, again.changed, again.unchanged, again.companies_created), (0, 0, 6919, 0));
    }

    async fn real_orders_that_are_long_past_have_expired(world) {
        populate(world).await;
        let file = include_str!("../../../tests/data/cdnow_sample.csv");
        let options = Options { create_companies: true, ..OPTIONS };
        orders(&world.db, file.as_bytes(), options, |_| {}).await.unwrap();
        let proof = proof(world).await;
        assert_eq!((proof.issued, proof.expired, proof.available), (239_444, 239_444, 0));
        assert_eq!((proof.lots.count, proof.lots.open), (6911, 0));
    }

    async fn columns_are_checked_before_rows(world) {
        for (file, told) in [
            ("", "the file is empty"),
            ("order_ref,company_ref,ordered_on,quantity\n", "\"amount\" is missing"),
            ("order_ref,company_ref,ordered_on,quantity,amount,memberref\n", "\"memberref\" is not known"),
            ("order_ref,order_ref,company_ref,ordered_on,quantity,amount\n", "is there twice"),
        ] {
            let error = orders(&world.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap_err().to_string();
            assert!(error.contains(told), "{file}: {error}");
        }
    }

    async fn members_need_an_address_of_their_own(world) {
        populate(world).await;
        let file = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-dan,c-mill,Dan,,ann@example.com,baker,user,false,fr\n\
            m-eve,c-mill,Eve,,,baker,user,false,fr\n\
            m-fay,c-mill,Fay,12,fay@example.com,baker,user,false,fr\n\
            m-gil,c-mill,Gil,,gil@example.com,smith,user,false,fr\n\
            m-ann,c-mill,Ann Mill-Stone,06 39 98 00 10,ann@example.com,baker,decider,true,fr\n";
        let options = Options { skip_bad: true, ..OPTIONS };
        let report = members(&world.db, file.as_bytes(), options, |_| {}).await.unwrap();
        let told: Vec<String> = report.bad.iter().map(ToString::to_string).collect();
        assert_eq!(told, [
            "line 2, email \"ann@example.com\": ann@example.com is already that of member \"m-ann\"",
            "line 3, phone \"\": a member needs a phone number or an e-mail address to sign in",
            "line 4, phone \"12\": is no phone number",
            "line 5, trade \"smith\": must be one of baker, foreman",
        ]);
        assert_eq!((report.new, report.changed, report.unchanged), (0, 1, 0));
    }
}

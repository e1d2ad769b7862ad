//! Several tabs share one session and one connection: one tab holds it, the others send and hear through it, and when it
//! is closed or frozen another takes over without a gap. Every tab's page sees what it would see alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::{Command, EndReason};
use causerie::transport::Mode;
use harness::tabs::Tabs;
use harness::{Action, Flavour, Kind, Options, Seeded};

fn three(options: Options) -> Tabs {
    let mut tabs = Tabs::started(options);
    tabs.agent_joins("Jane");
    tabs.run_for(500);
    tabs.open();
    tabs.open();
    tabs.run_for(1_000);
    tabs
}

fn assert_same(tabs: &Tabs) {
    let said = tabs.world.chats.chats.last().unwrap().entries.iter().filter(|entry| entry["type"] == "Message");
    let said: Vec<&str> = said.map(|entry| entry["text"].as_str().unwrap()).collect();
    for tab in tabs.alive() {
        assert_eq!(tabs.page(tab).texts(), said, "tab {tab} has seen what was said");
    }
}

#[test]
fn a_further_tab_takes_part_over_the_connection_of_the_first() {
    for options in Options::all() {
        let mut tabs = Tabs::started(options);
        tabs.agent_joins("Jane");
        tabs.agent_says("hello");
        tabs.run_for(500);
        let second = tabs.open();
        tabs.run_for(1_000);
        let launch = tabs.tabs[second].launch;
        assert_eq!(tabs.page(second).results.get(&launch), Some(&Ok(())), "it is restored");
        assert_eq!(tabs.page(second).texts(), ["hello"]);
        assert!(tabs.page(second).first(Kind::Message).unwrap().restored, "an earlier page was told of it");
        let sent = tabs.send(second, "from the second");
        tabs.send(0, "from the first");
        tabs.run_for(4_000);
        assert_eq!(tabs.page(second).results.get(&sent), Some(&Ok(())));
        tabs.agent_says("to both");
        tabs.run_for(500);
        assert_same(&tabs);
        assert_eq!(tabs.handshakes(), 1, "there is one connection");
    }
}

#[test]
fn when_the_holder_is_closed_another_takes_over_without_an_interruption() {
    for options in Options::all() {
        let mut tabs = three(options);
        let sent = [tabs.send(1, "one"), tabs.send(1, "two")];
        tabs.close(0);
        tabs.run_for(1);
        tabs.agent_says("into the gap");
        let late = tabs.send(2, "three");
        tabs.run_for(20_000);
        assert_eq!(tabs.page(1).results.get(&sent[0]), Some(&Ok(())));
        assert_eq!(tabs.page(1).results.get(&sent[1]), Some(&Ok(())));
        assert_eq!(tabs.page(2).results.get(&late), Some(&Ok(())));
        assert_same(&tabs);
        for tab in 1..3 {
            assert_eq!(tabs.page(tab).count(Kind::Interrupted), 0, "tab {tab}: {:#?}", tabs.page(tab).seen);
        }
        assert_eq!(tabs.page(1).texts().len(), 4, "{:?}", tabs.page(1).texts());
    }
}

#[test]
fn a_holder_that_was_frozen_comes_back_as_one_of_the_others() {
    for options in Options::all() {
        let mut tabs = three(options);
        tabs.freeze(0);
        tabs.run_for(2_000);
        tabs.agent_says("while it slept");
        tabs.run_for(1_000);
        tabs.thaw(0);
        tabs.run_for(2_000);
        let sent = tabs.send(0, "awake");
        tabs.run_for(5_000);
        assert_eq!(tabs.page(0).results.get(&sent), Some(&Ok(())));
        assert_same(&tabs);
        assert_eq!(tabs.holder, 1);
    }
}

#[test]
fn an_interruption_of_the_one_connection_is_one_in_every_tab() {
    for options in Options::all() {
        let mut tabs = three(options);
        tabs.world.stop(0);
        tabs.run_for(3_000);
        let waiting = tabs.send(2, "it waits");
        tabs.run_for(3_000);
        for tab in tabs.alive() {
            assert!(tabs.page(tab).is_interrupted(), "tab {tab}");
        }
        tabs.world.hosts[0].go();
        tabs.run_for(60_000);
        for tab in tabs.alive() {
            assert_eq!(tabs.page(tab).count(Kind::Interrupted), 1, "tab {tab}");
            assert_eq!(tabs.page(tab).count(Kind::Continued), 1, "tab {tab}");
        }
        assert_eq!(tabs.page(2).results.get(&waiting), Some(&Ok(())));
        assert_same(&tabs);
    }
}

#[test]
fn a_tab_that_leaves_ends_the_session_of_all_by_the_visitors_wish() {
    for options in Options::all() {
        for leaver in 0..3 {
            let mut tabs = three(options.clone());
            let left = tabs.command(leaver, Command::Leave);
            tabs.run_for(20_000);
            assert_eq!(tabs.page(leaver).results.get(&left), Some(&Ok(())));
            for tab in tabs.alive() {
                assert_eq!(tabs.page(tab).ended, Some(EndReason::LeaveRequest), "tab {tab}, left by {leaver}");
                assert_eq!(tabs.page(tab).count(Kind::Left), 1, "the agent is gone before");
                assert!(tabs.page(tab).stored.is_none());
            }
        }
    }
}

#[test]
fn an_agents_end_is_an_agents_end_in_every_tab() {
    for options in Options::all() {
        let mut tabs = three(options);
        tabs.world.push(harness::chat::Chat::close);
        tabs.run_for(2_000);
        for tab in tabs.alive() {
            assert_eq!(tabs.page(tab).ended, Some(EndReason::Agent), "tab {tab}");
        }
    }
}

/// Tabs come, go, freeze and thaw, the link breaks: each tab that is there in the end has seen everything once, in order.
#[test]
fn whatever_the_tabs_do_each_sees_the_transcript_once_and_in_order() {
    for options in Options::all() {
        for seed in 0..20 {
            let options = Options { seed, max_offline: 3_600_000, ..options.clone() };
            let mut dice = Seeded::new(seed ^ 0x7AB5);
            let mut tabs = three(options);
            let mut sends = Vec::new();
            for round in 0..40 {
                let alive = tabs.alive();
                let some = alive[dice.roll() as usize % alive.len()];
                match dice.between(0, 9) {
                    0..=3 => {
                        let text = format!("mine {round}");
                        sends.push((some, tabs.send(some, &text), text));
                    }
                    4..=5 => tabs.agent_says(&format!("yours {round}")),
                    6 if alive.len() > 1 => tabs.freeze(some),
                    7 => {
                        let frozen = (0..tabs.tabs.len()).find(|tab| tabs.tabs[*tab].is_frozen());
                        frozen.into_iter().for_each(|tab| tabs.thaw(tab));
                    }
                    8 if alive.len() > 1 && dice.chance(50) => tabs.close(some),
                    8 if tabs.tabs[tabs.holder].page.stored.is_some() => drop(tabs.open()),
                    _ => tabs.world.net.cut(tabs.world.now, None),
                }
                tabs.run_for(dice.between(0, 3_000));
            }
            for tab in 0..tabs.tabs.len() {
                if tabs.tabs[tab].is_frozen() {
                    tabs.thaw(tab);
                }
            }
            tabs.run_for(100_000);
            tabs.agent_says("the last word");
            tabs.run_for(10_000);
            if std::env::var("CAUSERIE_SEED").is_ok_and(|text| text == seed.to_string()) {
                for seen in
                    tabs.tabs.iter().enumerate().flat_map(|(tab, it)| it.page.seen.iter().map(move |seen| (tab, seen)))
                {
                    eprintln!("{seen:?}");
                }
                for (at, path, envelope) in &tabs.world.hosts[0].log {
                    eprintln!("{at} {path} {:?}", harness::host::Host::summary(envelope));
                }
                eprintln!("{:?}", tabs.options);
            }
            assert_same(&tabs);
            for (tab, command, text) in sends {
                let said = tabs.world.chats.chats.last().unwrap().visitor_said();
                let count = said.iter().filter(|said| **said == text).count();
                assert!(count <= 1, "{text} is there {count} times (seed {seed})");
                if tabs.alive().contains(&tab) {
                    let settled = tabs.page(tab).results.get(&command);
                    assert!(settled.is_some(), "{text} is not settled (seed {seed})");
                    assert!(settled != Some(&Ok(())) || count == 1, "{text} was settled and is missing (seed {seed})");
                }
            }
        }
    }
}

/// What a page was told, errors and the like left out.
fn told(tabs: &Tabs, tab: usize) -> Vec<&str> {
    let said = tabs.page(tab).seen.iter().filter(|seen| matches!(seen.kind, Kind::Message | Kind::Renewed));
    said.map(|seen| seen.text.as_str()).collect()
}

#[test]
fn a_tab_that_was_frozen_while_the_session_was_renewed_is_told_of_it_after_the_last_of_the_old_one() {
    for mode in [Mode::WebSocket, Mode::LongPolling, Mode::Rest] {
        let mut tabs = three(Options::of(Flavour::Ours, mode));
        tabs.freeze(2);
        tabs.agent_says("of the old one");
        tabs.run_for(10_000);
        tabs.world.push(|chat, now| chat.renew(now, "script"));
        tabs.run_for(10_000);
        tabs.thaw(2);
        tabs.run_for(10_000);
        tabs.agent_says("of the new one");
        tabs.run_for(10_000);
        for tab in 0..3 {
            let all = ["of the old one", "chat1 chat1r script", "of the new one"];
            assert_eq!(told(&tabs, tab), all, "tab {tab}, {mode:?}");
        }
    }
}

#[test]
fn what_a_tab_hears_before_its_question_is_answered_is_not_the_answer() {
    let mut tabs = three(Options::of(Flavour::Ours, Mode::WebSocket));
    tabs.agent_says("one");
    tabs.run_for(1_000);
    tabs.world.hosts[0].rules.push(("requestNotifications".to_owned(), Action::Swallow));
    let late = tabs.open();
    tabs.run_for(200);
    // What another tab is answered has no entries, as if there were none.
    tabs.command(1, Command::Typing { on: true, preview: None });
    tabs.run_for(200);
    tabs.world.push(|chat, now| chat.renew(now, "script"));
    tabs.run_for(20_000);
    for tab in [0, 1, 2, late] {
        assert_eq!(told(&tabs, tab), ["one", "chat1 chat1r script"], "tab {tab}: {:#?}", tabs.page(tab).seen);
    }
}

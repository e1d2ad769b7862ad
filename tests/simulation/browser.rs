//! What happens to the page: it goes, comes back, sleeps, is put aside; and its store fails.

use causerie::session::Input;

use super::harness::Storage;
use super::story::{Over, Story};

const HOUR: u64 = 3_600_000;

impl Story {
    /// Something happens to the page.
    pub fn page_act(&mut self) {
        match self.weather.dice.between(0, 14) {
            0..=2 => {
                self.weather.count("page: reload");
                self.reload();
            }
            3..=4 => {
                self.weather.count("page: reload in the middle of a restore");
                for _ in 0..self.weather.dice.between(2, 4) {
                    self.reload();
                    if self.over.is_some() {
                        return;
                    }
                    self.pair.run_for(self.weather.dice.between(0, 150));
                }
            }
            5 => self.go_away(),
            6..=7 => self.sleep(),
            8 => {
                self.weather.count("page: back/forward cache");
                let ms = self.weather.dice.between(10, 50_000);
                self.pair.put_aside(ms, self.weather.dice.chance(50));
            }
            9 => {
                self.weather.count("page: timers held back");
                let ms = self.weather.dice.between(1_000, 60_000);
                self.pair.throttle(ms);
            }
            10 => {
                self.weather.count("page: looked at");
                self.pair.input(Input::Wake);
            }
            11 => {
                self.weather.count("page: hidden");
                self.pair.input(Input::Hidden);
            }
            12 => {
                self.weather.count("page: clock set");
                self.pair.set_clock(self.weather.dice.between(1_000, 20_000));
            }
            13 => {
                self.weather.count("page: callbacks do not come to an end");
                self.pair.page.is_busy = true;
            }
            _ => self.store_fault(),
        }
    }

    fn go_away(&mut self) {
        self.weather.count("page: away");
        self.leave_page();
        let limit = self.setting.options.max_offline;
        let ms = if self.setting.patient {
            self.weather.dice.between(0, 2 * HOUR)
        } else {
            self.weather.dice.between(0, limit * 5 / 4)
        };
        self.pair.run_for(ms);
        if self.weather.dice.chance(50) {
            self.pair.agent_says(&format!("while away, {ms}"));
        }
        self.come_back();
    }

    fn sleep(&mut self) {
        let hours = self.weather.dice.chance(20);
        let ms = if hours { self.weather.dice.between(HOUR, 5 * HOUR) } else { self.weather.dice.between(100, 90_000) };
        let clock_runs = self.weather.dice.chance(50);
        if self.weather.dice.chance(50) {
            self.weather.count(if hours { "page: sleeps for hours" } else { "page: sleeps" });
            self.pair.sleep(ms, clock_runs);
        } else {
            self.weather.count(if hours { "page: sleeps for hours, no network" } else { "page: sleeps, no network" });
            self.pair.sleep_offline(ms, clock_runs);
        }
        if self.weather.dice.chance(60) {
            self.pair.input(Input::Wake);
        }
    }

    fn store_fault(&mut self) {
        match self.weather.dice.between(0, 2) {
            0 => {
                self.weather.count("store: denied");
                self.pair.page.storage = Storage::Denied;
                self.store_failed = true;
            }
            1 => {
                self.weather.count("store: full");
                self.pair.page.storage = Storage::Full;
                self.store_failed = true;
            }
            _ => {
                self.weather.count("store: deleted");
                self.store_failed = true;
                self.pair.page.stored = None;
                if self.weather.dice.chance(20) {
                    self.leave_page();
                    self.over = Some(Over::Gone);
                }
            }
        }
    }
}

//! JSON as the core sees it: a trait over somebody else's value, which is read or made to be sent, and the closed list of
//! member names that are ever read or set. The browser's implementation has JavaScript objects where they are (`web::json`), the
//! native one `serde_json` values. Text of messages is an opaque handle: the core moves it and never looks inside.

#[cfg(not(target_arch = "wasm32"))]
pub mod native;

/// An opaque piece of text: a JavaScript string in the browser, a `String` natively.
pub trait Text: Clone + std::fmt::Debug + 'static {
    /// The text of a Rust string.
    fn new(text: &str) -> Self;
    /// Whether both are the same text.
    fn same(&self, other: &Self) -> bool;
    /// The length, in UTF-16 code units or bytes: an estimate of the size on the wire.
    fn size(&self) -> usize;
}

/// A JSON value. One that came is read and never changed; what is absent reads as null. One that is to be sent is made here.
#[allow(clippy::len_without_is_empty)] // What is no array has no length, and is not empty either.
pub trait Json: Clone + std::fmt::Debug + 'static {
    /// The handle of a text.
    type Text: Text;
    /// A member of an object; null when absent or when this is no object.
    fn get(&self, name: Name) -> Self;
    /// Whether this is null or absent.
    fn is_null(&self) -> bool;
    /// Whether this is an object (and no array).
    fn is_object(&self) -> bool;
    /// The boolean, when it is one.
    fn bool(&self) -> Option<bool>;
    /// The number, when it is one.
    fn number(&self) -> Option<f64>;
    /// The string, when it is one, copied: for short strings that the core itself understands.
    fn string(&self) -> Option<String>;
    /// The string, when it is one, as a handle.
    fn text(&self) -> Option<Self::Text>;
    // Short ways, which not every implementation has: what is not found ordinary is read member by member. Each member that
    // is read costs the browser a call; these are one call for what makes up most of a chat.

    /// The data of an envelope that is one event and answers nothing of ours.
    fn ordinary_push(&self) -> Option<Self> {
        None
    }
    /// How many entries this reply has, when all is well with it, it ends or renews nothing, and its keys are those of `known`.
    fn ordinary_reply(&self, known: &Self) -> Option<usize> {
        let _ = known;
        None
    }
    /// How many of the entries of this reply, from a place on, are messages of the visitor's or of an agent's, with a time and one index
    /// after the other, the first of them the `next` one, or any where that is 0.
    fn ordinary_run(&self, place: usize, next: u32) -> usize {
        let _ = (place, next);
        0
    }
    /// The number of elements, when this is an array.
    fn len(&self) -> Option<usize>;
    /// An element of an array; null beyond its end.
    fn at(&self, index: usize) -> Self;

    /// An object without members, to be filled with [`Json::put`].
    fn object() -> Self;
    /// An array without elements, to be filled with [`Json::push`].
    fn array() -> Self;
    /// A boolean.
    fn of_bool(value: bool) -> Self;
    /// A number.
    fn of_number(value: f64) -> Self;
    /// A string of the core's own.
    fn of_str(text: &str) -> Self;
    /// A text of the page's.
    fn of_text(text: &Self::Text) -> Self;
    /// Sets a member of an object that was made here and that nobody else has yet.
    fn put(&mut self, name: Name, value: Self);
    /// Adds an element to an array that was made here and that nobody else has yet.
    fn push(&mut self, value: Self);

    /// Sets a member that is a number.
    fn put_number(&mut self, name: Name, value: f64) {
        self.put(name, Self::of_number(value));
    }

    /// Sets a member that is a string of the core's own.
    fn put_str(&mut self, name: Name, text: &str) {
        self.put(name, Self::of_str(text));
    }

    /// Sets a member that is a text of the page's.
    fn put_text(&mut self, name: Name, text: &Self::Text) {
        self.put(name, Self::of_text(text));
    }

    /// An object with one member.
    fn of(name: Name, value: Self) -> Self {
        let mut object = Self::object();
        object.put(name, value);
        object
    }

    /// A member that is a string, copied.
    fn string_of(&self, name: Name) -> Option<String> {
        self.get(name).string()
    }

    /// A member that is a number.
    fn number_of(&self, name: Name) -> Option<f64> {
        self.get(name).number()
    }

    /// A member that is a whole number from 0 on.
    fn count_of(&self, name: Name) -> Option<u32> {
        whole(self.number_of(name)?)
    }

    /// What kind of value this is, for error messages: never the value itself.
    fn kind(&self) -> &'static str {
        if self.is_null() {
            "nothing"
        } else if self.bool().is_some() {
            "a boolean"
        } else if self.number().is_some() {
            "a number"
        } else if self.text().is_some() {
            "a string"
        } else if self.len().is_some() {
            "an array"
        } else {
            "an object"
        }
    }
}

/// The number as a `u32`, when it is whole and fits.
pub fn whole(number: f64) -> Option<u32> {
    (number >= 0.0 && number <= f64::from(u32::MAX) && number.fract() == 0.0).then_some(number as u32)
}

/// The closed list of the members that are ever read or set: variant, spelling. Given to the macro that needs it.
macro_rules! with_names {
    ($use:ident) => {
        $use! {
            Ack "ack", Advice "advice", Alias "alias", Channel "channel", ChatEnded "chatEnded", ChatId "chatId",
            ClientId "clientId", Code "code", ConnectionType "connectionType", Data "data", DataKey "dataKey", DataVersion "dataVersion",
            Deleted "deleted", EmailAddress "emailAddress", Error "error", Errors "errors", Ext "ext", Field "field",
            FirstName "firstName", From "from", Id "id", Index "index", Interval "interval", IsTyping "isTyping", Keys "keys",
            LastName "lastName", Left "left", Link "link", MaxInterval "maxInterval", Message "message",
            MessageId "messageId", Messages "messages", MessageType "messageType", MinimumVersion "minimumVersion",
            NextPosition "nextPosition", Nickname "nickname", Notices "notices", Operation "operation",
            Outbox "outbox", ParticipantId "participantId", Polling "polling", Position "position",
            PreviousId "previousId", PushUrl "pushUrl", Reason "reason", Reconnect "reconnect",
            RetryAfter "retryAfter", Searched "searched", SecureKey "secureKey", Seen "seen", Server "server", Servers "servers",
            Service "service", StatusCode "statusCode", Size "size", Subject "subject", Subscription "subscription",
            Successful "successful", SupportedConnectionTypes "supportedConnectionTypes", TextMember "text",
            Timeout "timeout", TranscriptPosition "transcriptPosition", Transport "transport", Tries "tries", Type "type", Url "url",
            UserData "userData", UserId "userId", UtcTime "utcTime", Version "version",
        }
    };
}
#[cfg(target_arch = "wasm32")]
pub(crate) use with_names;

/// Declares [`Name`].
macro_rules! names {
    ($($variant:ident $text:literal),* $(,)?) => {
        /// The name of a member on the wire, or in the store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Name { $($variant),* }

        impl Name {
            /// The name as it is on the wire.
            pub fn text(self) -> &'static str {
                match self { $(Name::$variant => $text),* }
            }
        }
    };
}

with_names!(names);

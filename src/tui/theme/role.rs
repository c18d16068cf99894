//! The list of everything that has a look. A theme gives each of them a style; a widget asks for nothing else.

macro_rules! roles {
    ($($variant:ident $name:literal $doc:literal)*) => {
        /// Something that has a look.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role {
            $(#[doc = $doc] $variant,)*
        }

        impl Role {
            /// All roles, in the order of the enum.
            pub const ALL: &[Role] = &[$(Role::$variant),*];

            /// How many roles there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The role's name in themes.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Role::$variant => $name,)*
                }
            }
        }
    };
}

roles! {
    Text "ui.text" "Plain text and the page it stands on."
    Dim "ui.dim" "Less important text."
    Stale "ui.stale" "Values that may be old."
    Title "ui.title" "The title of a region."
    Bar "ui.bar" "The first line."
    Border "ui.border" "Rules between regions."
    BorderFocus "ui.border.focus" "The rule of the region that has the focus."
    Cursor "ui.cursor" "The row under the cursor."
    Mark "ui.mark" "The sign of marked rows."
    Match "ui.match" "What a filter or search found."
    Header "ui.header" "Column headings."
    Popup "ui.popup" "The page of lists and dialogs that lie over others."
    Selected "ui.selected" "The chosen row of a list."
    Input "ui.input" "A field that is typed into."
    Button "ui.button" "A button."
    ButtonFocus "ui.button.focus" "The button that enter presses."
    FooterKey "ui.footer.key" "A key in footer and help."
    FooterText "ui.footer.text" "What the key does."
    Sandbox "ui.sandbox" "SANDBOX: nothing real is touched."
    ReadOnly "ui.readonly" "READ-ONLY: nothing is changed."
    Protected "ui.protected" "PROTECTED: changes ask twice."
    StatusBad "status.bad" "Failed."
    StatusWarn "status.warn" "Somebody should look."
    StatusProgress "status.progress" "On its way."
    StatusUnknown "status.unknown" "Not known, or old."
    StatusOk "status.ok" "All is well."
    Chart1 "chart.1" "The first line of a chart."
    Chart2 "chart.2" "The second line of a chart."
    Chart3 "chart.3" "The third line of a chart."
    Chart4 "chart.4" "The fourth line of a chart."
    ChartAxis "chart.axis" "Axes and their labels."
    ChartBar "chart.bar" "Bars of histograms."
    Heat1 "chart.heat.1" "A cell of a heat map with the fewest."
    Heat2 "chart.heat.2" "A cell of a heat map with few."
    Heat3 "chart.heat.3" "A cell of a heat map with some."
    Heat4 "chart.heat.4" "A cell of a heat map with many."
    Heat5 "chart.heat.5" "A cell of a heat map with the most."
    YamlKey "yaml.key" "A key in YAML."
    YamlString "yaml.string" "A string in YAML."
    YamlNumber "yaml.number" "A number, a boolean or null in YAML."
    YamlComment "yaml.comment" "A comment in YAML."
    DiffAdd "diff.add" "A line that is only in the right one of two texts."
    DiffDel "diff.del" "A line that is only in the left one of two texts."
    NoticeError "notice.error" "A notice of something that failed."
    NoticeWarn "notice.warn" "A notice that warns."
    NoticeInfo "notice.info" "A notice that only tells."
}

impl Role {
    /// The role of that name.
    pub fn named(name: &str) -> Option<Role> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}

//! Reads sources: which paths a file mentions, resolved to the rooms or crates they lead to, with lines. Tests in it are left out.

use std::collections::{HashMap, HashSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// Modules of the crate are looked up here, without `crate`.
pub type Module = Vec<String>;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Ours(Vec<String>),
    Crate(Vec<String>),
}

/// How a path is mentioned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    Used,
    Exported,
    InSignature,
}

/// Something a rule may be about.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Path(Target, How),
    Await,
    Elapsed,
    Unsafe,
    NoOpening,
    ModRs,
}

pub struct Mention {
    pub line: usize,
    pub module: Module,
    pub fact: Fact,
}

/// What a file says, and which of its modules are tests in files of their own.
pub struct Source {
    pub mentions: Vec<Mention>,
    pub tests: Vec<Module>,
}

/// The module of a file: `tui/keys.rs` is `tui::keys`; `main.rs` and `lib.rs` are the crate's root.
pub fn module_of(path: &str) -> Module {
    let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if stem == "lib" || stem == "main" { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
}

/// Reads a file; `path` is relative to `src`.
pub fn read(path: &str, text: &str) -> syn::Result<Source> {
    let file = syn::parse_file(text)?;
    let module = module_of(path);
    let mut reader =
        Reader { mentions: Vec::new(), tests: Vec::new(), scopes: vec![Scope::new(module.clone(), &file.items)], exposed: false, open: false };
    if !text.starts_with("//!") {
        reader.add(1, Fact::NoOpening);
    }
    if path.ends_with("mod.rs") {
        reader.add(1, Fact::ModRs);
    }
    unsafe_words(text.parse().expect("tokens"), &mut |line| reader.add(line, Fact::Unsafe));
    reader.visit_file(&file);
    Ok(Source { mentions: reader.mentions, tests: reader.tests })
}

/// `unsafe` as a word of the language, in tests too.
fn unsafe_words(tokens: TokenStream, found: &mut impl FnMut(usize)) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "unsafe" => found(word.span().start().line),
            TokenTree::Group(group) => unsafe_words(group.stream(), found),
            _ => {}
        }
    }
}

/// What names mean in one module.
struct Scope {
    module: Module,
    children: HashSet<String>,
    names: HashMap<String, Target>,
}

impl Scope {
    fn new(module: Module, items: &[Item]) -> Self {
        let children = items.iter().filter_map(|item| if let Item::Mod(item) = item { Some(item.ident.to_string()) } else { None }).collect();
        let mut scope = Self { module, children, names: HashMap::new() };
        let mut leaves = Leaves(Vec::new());
        items.iter().filter(|item| !is_test(attributes(item))).for_each(|item| leaves.visit_item(item));
        // Twice: a name may be used before the line that brings it.
        for _ in 0..2 {
            for (path, name) in &leaves.0 {
                if let Some(target) = scope.resolve(path, true)
                    && path.first() != Some(name)
                {
                    scope.names.insert(name.clone(), target);
                }
            }
        }
        scope
    }

    /// Where a path leads; nothing if it is local. In `use` a lone name is a crate.
    fn resolve(&self, path: &[String], in_use: bool) -> Option<Target> {
        let first = path.first()?;
        let ours = |mut base: Module, rest: &[String]| {
            base.extend(rest.iter().cloned());
            Some(Target::Ours(base))
        };
        match first.as_str() {
            "" => Some(Target::Crate(path[1..].to_vec())),
            "crate" | "meshplay" => ours(Vec::new(), &path[1..]),
            "self" => ours(self.module.clone(), &path[1..]),
            "Self" => None,
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let keep = self.module.len().saturating_sub(ups);
                ours(self.module[..keep].to_vec(), &path[ups..])
            }
            _ => match self.names.get(first) {
                Some(Target::Ours(base)) => ours(base.clone(), &path[1..]),
                Some(Target::Crate(base)) => Some(Target::Crate(base.iter().chain(&path[1..]).cloned().collect())),
                None if self.children.contains(first) => ours(self.module.clone(), path),
                None => (in_use || path.len() > 1).then(|| Target::Crate(path.to_vec())),
            },
        }
    }
}

/// Every `use` of a module and of its functions, but not of the modules in it: path and name.
struct Leaves(Vec<(Vec<String>, String)>);

impl<'ast> Visit<'ast> for Leaves {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for leaf in leaves(item) {
            self.0.push((leaf.path, leaf.name));
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
        self.0.push((vec![String::new(), item.ident.to_string()], name.to_string()));
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}
}

struct Leaf {
    path: Vec<String>,
    name: String,
    line: usize,
}

fn leaves(item: &syn::ItemUse) -> Vec<Leaf> {
    let mut found = Vec::new();
    let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
    branch(&item.tree, &start, &mut found);
    found
}

fn branch(tree: &UseTree, before: &[String], found: &mut Vec<Leaf>) {
    let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    let whole = |name: &syn::Ident| if name == "self" && !before.is_empty() { before.to_vec() } else { with(name) };
    match tree {
        UseTree::Path(path) => branch(&path.tree, &with(&path.ident), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| branch(tree, before, found)),
        UseTree::Glob(star) => found.push(Leaf { path: before.to_vec(), name: "*".into(), line: star.span().start().line }),
        UseTree::Name(name) => {
            let path = whole(&name.ident);
            found.push(Leaf { name: path.last().cloned().unwrap_or_default(), path, line: name.span().start().line });
        }
        UseTree::Rename(name) => {
            found.push(Leaf { path: whole(&name.ident), name: name.rename.to_string(), line: name.span().start().line });
        }
    }
}

struct Reader {
    mentions: Vec<Mention>,
    tests: Vec<Module>,
    scopes: Vec<Scope>,
    /// Inside what others can see: a signature, a field.
    exposed: bool,
    /// Inside a type or trait whose parts are as visible as it is.
    open: bool,
}

impl Reader {
    fn scope(&self) -> &Scope {
        self.scopes.last().expect("a file has a scope")
    }

    fn add(&mut self, line: usize, fact: Fact) {
        let module = self.scope().module.clone();
        self.mentions.push(Mention { line, module, fact });
    }

    fn path(&mut self, line: usize, path: &[String], how: How, in_use: bool) {
        if let Some(target) = self.scope().resolve(path, in_use) {
            self.add(line, Fact::Path(target, how));
        }
    }

    fn exposed(&mut self, exposed: bool, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.exposed, exposed);
        walk(self);
        self.exposed = before;
    }

    fn open(&mut self, open: bool, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.open, open);
        walk(self);
        self.open = before;
    }

    /// Paths in what a macro is given: it is not parsed, so they are found by their colons.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut line, mut dot) = (0, 0, false);
        for token in tokens {
            if let TokenTree::Punct(point) = &token
                && point.as_char() == ':'
            {
                colons += 1;
                continue;
            }
            if let TokenTree::Ident(word) = &token
                && colons == 2
            {
                if path.is_empty() {
                    path.push(String::new());
                    line = word.span().start().line;
                }
                path.push(word.to_string());
                colons = 0;
                continue;
            }
            self.macro_path(&mut path, line);
            colons = 0;
            let after_dot = std::mem::replace(&mut dot, matches!(&token, TokenTree::Punct(point) if point.as_char() == '.'));
            match token {
                TokenTree::Ident(word) => {
                    line = word.span().start().line;
                    match word.to_string().as_str() {
                        "await" | "async" => self.add(line, Fact::Await),
                        "elapsed" if after_dot => self.add(line, Fact::Elapsed),
                        word => path = vec![word.to_owned()],
                    }
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
        }
        self.macro_path(&mut path, line);
    }

    fn macro_path(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.path(line, &path, How::Used, false);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        } else if let Item::Mod(item) = item {
            let module = self.scope().module.iter().cloned().chain([item.ident.to_string()]).collect();
            self.tests.push(module);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Type(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        let test = match statement {
            syn::Stmt::Local(local) => is_test(&local.attrs),
            syn::Stmt::Macro(call) => is_test(&call.attrs),
            _ => false,
        };
        if !test {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if let Some((_, items)) = &item.content {
            let module = self.scope().module.iter().cloned().chain([item.ident.to_string()]).collect();
            self.scopes.push(Scope::new(module, items));
            visit::visit_item_mod(self, item);
            self.scopes.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let how = if matches!(item.vis, Visibility::Inherited) { How::Used } else { How::Exported };
        for leaf in leaves(item) {
            self.path(leaf.line, &leaf.path, how, true);
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let how = if matches!(item.vis, Visibility::Inherited) { How::Used } else { How::Exported };
        self.path(item.span().start().line, &[String::new(), item.ident.to_string()], how, true);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let start = path.leading_colon.map(|_| String::new());
        let segments: Vec<String> = start.into_iter().chain(path.segments.iter().map(|segment| segment.ident.to_string())).collect();
        let how = if self.exposed { How::InSignature } else { How::Used };
        self.path(path.span().start().line, &segments, how, false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // A lone name such as `env` or `vec` is a macro, not what a `use` has given that name.
        if call.path.segments.len() > 1 {
            self.visit_path(&call.path);
        }
        self.tokens(call.tokens.clone());
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.exposed(is_public(&item.vis), |reader| reader.visit_signature(&item.sig));
        self.exposed(false, |reader| reader.visit_block(&item.block));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.exposed(is_public(&item.vis), |reader| reader.visit_signature(&item.sig));
        self.exposed(false, |reader| reader.visit_block(&item.block));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.exposed(self.open, |reader| reader.visit_signature(&item.sig));
        if let Some(block) = &item.default {
            self.exposed(false, |reader| reader.visit_block(block));
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.open(is_public(&item.vis), |reader| visit::visit_item_trait(reader, item));
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.open(is_public(&item.vis), |reader| visit::visit_item_enum(reader, item));
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.exposed(self.open || is_public(&field.vis), |reader| visit::visit_field(reader, field));
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.exposed(is_public(&item.vis), |reader| visit::visit_item_type(reader, item));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.exposed(is_public(&item.vis), |reader| reader.visit_type(&item.ty));
        self.visit_expr(&item.expr);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.exposed(is_public(&item.vis), |reader| reader.visit_type(&item.ty));
        self.visit_expr(&item.expr);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(word) = &signature.asyncness {
            self.add(word.span().start().line, Fact::Await);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.add(block.async_token.span().start().line, Fact::Await);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
        self.add(expression.await_token.span().start().line, Fact::Await);
        visit::visit_expr_await(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "elapsed" && call.args.is_empty() {
            self.add(call.method.span().start().line, Fact::Elapsed);
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn is_public(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(within) => within.path.is_ident("crate"),
        Visibility::Inherited => false,
    }
}

/// `#[test]`, or a `#[cfg(…)]` that holds only in tests.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| needs_test(&meta)))
    })
}

fn needs_test(meta: &syn::Meta) -> bool {
    let list =
        |meta: &syn::MetaList| meta.parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated).unwrap_or_default();
    match meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(all) if all.path.is_ident("all") => list(all).iter().any(needs_test),
        syn::Meta::List(any) if any.path.is_ident("any") => list(any).iter().all(needs_test),
        _ => false,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

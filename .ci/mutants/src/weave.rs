//! Writes all mutants of one file into it, each behind a question whether it is on.
//!
//! Between `/*<7*/` and `/*7>*/` stands what only mutant 7 has, so that an
//! error of the compiler says which mutant it is about.

use std::{collections::HashMap, ops::Range};

use proc_macro2::{LineColumn, Span};
use syn::{Arm, BinOp, Block, Signature, spanned::Spanned, visit, visit::Visit};

use crate::{Mutant, Place};

/// A piece of the source, and what each mutant has there; inside of it may be others.
struct Site {
    range: Range<usize>,
    kind: Kind,
    others: Vec<(usize, Vec<Piece>)>,
}

enum Kind {
    /// An expression; another stands in its place.
    Expression,
    /// The beginning of a body; another value is returned there.
    Body,
    /// Between a pattern and its arrow, or its guard and then `&&`; nothing matches.
    Pattern(&'static str),
}

/// What a mutant is made of.
enum Piece {
    Word(String),
    Source(Range<usize>),
}

struct Finder<'a> {
    source: &'a str,
    wanted: HashMap<(Place, Place), Vec<(usize, &'a Mutant)>>,
    sites: Vec<Site>,
}

/// The source with the mutants in it, and those that have no place there.
pub fn weave(source: &str, mutants: &[(usize, &Mutant)]) -> (String, Vec<usize>) {
    let (mut wanted, sites) = (HashMap::<_, Vec<_>>::new(), Vec::new());
    for &(number, mutant) in mutants {
        let place = (mutant.span.start, mutant.span.end);
        wanted.entry(place).or_default().push((number, mutant));
    }
    #[rustfmt::skip]
    let mut finder = Finder { source, wanted, sites };
    finder.visit_file(&syn::parse_file(source).expect("the source of a crate that builds"));
    // A guard is around the expression of the same length, and was found first.
    let mut sites = finder.sites;
    sites.sort_by_key(|site| (site.range.start, usize::MAX - site.range.end));
    let left = finder.wanted.into_values().flatten();
    (
        render(source, 0..source.len(), &sites),
        left.map(|(number, _)| number).collect(),
    )
}

fn bytes(of: &impl Spanned) -> Range<usize> {
    of.span().byte_range()
}

impl Finder<'_> {
    /// The mutants of this place, and what stands there with them.
    fn take(&mut self, span: Span) -> Vec<(usize, String)> {
        let place = |at: LineColumn| Place {
            line: at.line,
            column: at.column + 1,
        };
        let found = self
            .wanted
            .remove(&(place(span.start()), place(span.end())));
        let found = found.unwrap_or_default().into_iter();
        found
            .map(|(number, mutant)| (number, mutant.replacement.clone()))
            .collect()
    }

    /// Notes a site if there are mutants of it.
    fn add(&mut self, range: Range<usize>, kind: Kind, others: Vec<(usize, Vec<Piece>)>) {
        if !others.is_empty() {
            self.sites.push(Site {
                range,
                kind,
                others,
            });
        }
    }

    fn body(&mut self, signature: &Signature, block: &Block) {
        // Another value of a type that only the body names is another type.
        if self.source[bytes(&signature.output)].contains("impl ") {
            return;
        }
        if let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) {
            let start = block.brace_token.span.open().byte_range().end;
            let values = self.take(first.span().join(last.span()).expect("of one file"));
            self.add(start..start, Kind::Body, words(values));
        }
    }
}

fn words(mutants: Vec<(usize, String)>) -> Vec<(usize, Vec<Piece>)> {
    mutants
        .into_iter()
        .map(|(number, word)| (number, vec![Piece::Word(word)]))
        .collect()
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        item.default
            .iter()
            .for_each(|block| self.body(&item.sig, block));
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let (left, right) = (bytes(&binary.left), bytes(&binary.right));
        // `let` chains know `&&` alone.
        let is_let = |side: &Range<usize>| self.source[side.clone()].contains("let ");
        if !(matches!(binary.op, BinOp::And(_)) && (is_let(&left) || is_let(&right))) {
            let others = self
                .take(binary.op.span())
                .into_iter()
                .map(|(number, operator)| {
                    let [left, right] = [&left, &right].map(|side| Piece::Source(side.clone()));
                    (
                        number,
                        vec![left, Piece::Word(format!(" {operator} ")), right],
                    )
                });
            let others = others.collect();
            self.add(bytes(binary), Kind::Expression, others);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let others = self.take(unary.op.span()).into_iter();
        let others = others.map(|(number, _)| (number, vec![Piece::Source(bytes(&unary.expr))]));
        let others = others.collect();
        self.add(bytes(unary), Kind::Expression, others);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, literal: &'ast syn::ExprStruct) {
        let (all, mut others) = (bytes(literal), Vec::new());
        for field in literal.fields.pairs() {
            let without = [all.start..bytes(&field).start, bytes(&field).end..all.end];
            for (number, _) in self.take(field.span()) {
                others.push((number, without.clone().map(Piece::Source).into()));
            }
        }
        self.add(all, Kind::Expression, others);
        visit::visit_expr_struct(self, literal);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let (end, deleted) = (bytes(&arm.pat).end, words(self.take(arm.span())));
        if let Some((_, guard)) = &arm.guard {
            let others = words(self.take(guard.span()));
            self.add(end..bytes(guard).start, Kind::Pattern(" && "), deleted);
            self.add(bytes(guard), Kind::Expression, others);
        } else {
            self.add(end..end, Kind::Pattern(""), deleted);
        }
        visit::visit_arm(self, arm);
    }
}

/// A piece of the source with the sites that are in it; they are in order.
fn render(source: &str, range: Range<usize>, sites: &[Site]) -> String {
    let (mut out, mut at, mut rest) = (String::new(), range.start, sites);
    while let Some((site, later)) = rest.split_first() {
        rest = later;
        // Else it is within the one before, or outside.
        if site.range.start >= at && site.range.end <= range.end {
            out += &source[at..site.range.start];
            out += &site.render(source, later);
            at = site.range.end;
        }
    }
    out + &source[at..range.end]
}

impl Site {
    fn render(&self, source: &str, inside: &[Site]) -> String {
        let mut out = String::new();
        for (n, pieces) in &self.others {
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Word(word) => word.clone(),
                Piece::Source(range) => render(source, range.clone(), inside),
            });
            let (other, is) = (
                pieces.collect::<String>(),
                format!("crate::mutant::is({n})"),
            );
            out += &match self.kind {
                Kind::Expression => format!("/*<{n}*/if {is} {{ {other} }}/*{n}>*/ else "),
                Kind::Body => format!("/*<{n}*/if {is} {{ return {other}; }}/*{n}>*/"),
                Kind::Pattern(then) => format!(" /*<{n}*/if !{is}/*{n}>*/{then}"),
            };
        }
        match self.kind {
            Kind::Expression => format!(
                "({out}{{ {} }})",
                render(source, self.range.clone(), inside)
            ),
            Kind::Body | Kind::Pattern(_) => out,
        }
    }
}

//! Writes all mutants of one file into it, each behind a question whether it is the one.
//!
//! Between `/*<7*/` and `/*7>*/` stands what only mutant 7 has, so that an
//! error of the compiler says which mutant it is about.

use std::{collections::HashMap, ops::Range};

use proc_macro2::{LineColumn, Span};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprUnary,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::mutants::{Mutant, Place};

/// A piece of the source with mutants of its own; inside of it may be others.
struct Site {
    range: Range<usize>,
    kind: Kind,
}

enum Kind {
    /// The beginning of a function's body: the number and what is returned instead.
    Body(Vec<(usize, String)>),
    /// The operands, and the numbers with other operators.
    Binary(Range<usize>, Range<usize>, Vec<(usize, String)>),
    /// The operand, and who leaves the operator out.
    Unary(Range<usize>, usize),
    /// A struct's literal, and the fields that are left to what follows the `..`.
    Fields(Vec<(usize, Range<usize>)>),
    /// A guard, and who says `true` or `false` instead.
    Guard(Vec<(usize, String)>),
    /// Between a pattern and its guard or arrow: who deletes the arm never matches.
    Arm(usize, &'static str),
}

struct Finder<'a> {
    source: &'a str,
    wanted: HashMap<(Place, Place), Vec<(usize, &'a Mutant)>>,
    sites: Vec<Site>,
}

/// The source with the mutants in it, and those that have no place there.
pub fn weave<'a>(source: &str, mutants: &[(usize, &'a Mutant)]) -> (String, Vec<usize>) {
    let mut wanted = HashMap::<_, Vec<_>>::new();
    for &(number, mutant) in mutants {
        let place = (mutant.span.start, mutant.span.end);
        wanted.entry(place).or_default().push((number, mutant));
    }
    let file = syn::parse_file(source).expect("the source of a crate that builds");
    let mut finder = Finder {
        source,
        wanted,
        sites: Vec::new(),
    };
    finder.visit_file(&file);
    let Finder {
        mut sites, wanted, ..
    } = finder;
    // A guard is around the expression of the same length, and was found first.
    sites.sort_by_key(|site| (site.range.start, usize::MAX - site.range.end));
    let left = wanted
        .into_values()
        .flatten()
        .map(|(number, _)| number)
        .collect();
    (render(source, 0..source.len(), &sites), left)
}

impl Finder<'_> {
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

    fn add(&mut self, range: Range<usize>, kind: Kind) {
        self.sites.push(Site { range, kind });
    }

    fn body(&mut self, block: &Block) {
        let after = block.brace_token.span.open().byte_range().end;
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else {
            return;
        };
        let within = first.span().join(last.span()).expect("of one file");
        let mut mutants = self.take(within);
        mutants.append(&mut self.take(block.span()));
        if !mutants.is_empty() {
            self.add(after..after, Kind::Body(mutants));
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.body(&item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        item.default.iter().for_each(|block| self.body(block));
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let mutants = self.take(binary.op.span());
        let is_let = |side: &Expr| self.source[side.span().byte_range()].contains("let ");
        let is_chain =
            matches!(binary.op, BinOp::And(_)) && (is_let(&binary.left) || is_let(&binary.right));
        if !mutants.is_empty() && !is_chain {
            let (left, right) = (
                binary.left.span().byte_range(),
                binary.right.span().byte_range(),
            );
            self.add(
                binary.span().byte_range(),
                Kind::Binary(left, right, mutants),
            );
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        for (number, _) in self.take(unary.op.span()) {
            let operand = unary.expr.span().byte_range();
            self.add(unary.span().byte_range(), Kind::Unary(operand, number));
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, literal: &'ast syn::ExprStruct) {
        let mut mutants = Vec::new();
        for field in literal.fields.pairs() {
            let deleted = self.take(field.span());
            mutants.extend(
                deleted
                    .first()
                    .map(|&(n, _)| (n, field.span().byte_range())),
            );
        }
        if !mutants.is_empty() {
            self.add(literal.span().byte_range(), Kind::Fields(mutants));
        }
        visit::visit_expr_struct(self, literal);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let end = arm.pat.span().byte_range().end;
        let deleted = self.take(arm.span()).first().map(|&(number, _)| number);
        if let Some((_, guard)) = &arm.guard {
            let (mutants, guard) = (self.take(guard.span()), guard.span().byte_range());
            if let Some(number) = deleted {
                self.add(end..guard.start, Kind::Arm(number, " && "));
            }
            self.add(guard, Kind::Guard(mutants));
        } else if let Some(number) = deleted {
            self.add(end..end, Kind::Arm(number, ""));
        }
        visit::visit_arm(self, arm);
    }
}

/// A piece of the source with the sites that are in it; they are in order.
fn render(source: &str, range: Range<usize>, sites: &[Site]) -> String {
    let (mut out, mut at, mut rest) = (String::new(), range.start, sites);
    while let Some((site, later)) = rest.split_first() {
        rest = later;
        if site.range.start < at || site.range.end > range.end {
            continue; // within the one before, or outside
        }
        out.push_str(&source[at..site.range.start]);
        out.push_str(&site.render(source, later));
        at = site.range.end;
    }
    out + &source[at..range.end]
}

impl Site {
    fn render(&self, source: &str, inside: &[Site]) -> String {
        let piece = |range: &Range<usize>| render(source, range.clone(), inside);
        let on = |number: &usize| format!("crate::mutant::is({number})");
        let mut out = String::new();
        match &self.kind {
            Kind::Body(mutants) => {
                for (n, value) in mutants {
                    out += &format!("/*<{n}*/if {} {{ return {value}; }}/*{n}>*/", on(n));
                }
            }
            Kind::Binary(left, right, mutants) => {
                let operator = &source[left.end..right.start];
                let (left, right) = (piece(left), piece(right));
                for (n, other) in mutants {
                    out += &format!(
                        "/*<{n}*/if {} {{ {left} {other} {right} }}/*{n}>*/ else ",
                        on(n)
                    );
                }
                out = format!("({out}{{ {left} {operator} {right} }})");
            }
            Kind::Unary(operand, n) => {
                let operator = &source[self.range.start..operand.start];
                let operand = piece(operand);
                out = format!(
                    "(/*<{n}*/if {} {{ {operand} }}/*{n}>*/ else {{ {operator}{operand} }})",
                    on(n)
                );
            }
            Kind::Fields(mutants) => {
                for (n, field) in mutants {
                    let before = piece(&(self.range.start..field.start));
                    let after = piece(&(field.end..self.range.end));
                    out += &format!("/*<{n}*/if {} {{ {before}{after} }}/*{n}>*/ else ", on(n));
                }
                out = format!("({out}{{ {} }})", piece(&self.range));
            }
            Kind::Guard(mutants) => {
                for (n, value) in mutants {
                    out += &format!("/*<{n}*/if {} {{ {value} }}/*{n}>*/ else ", on(n));
                }
                out = format!("({out}{{ {} }})", piece(&self.range));
            }
            Kind::Arm(n, then) => out = format!(" /*<{n}*/if !{}/*{n}>*/{then}", on(n)),
        }
        out
    }
}

//! The schema as it is read from the server's own tables: all of it, or what they have of one keyspace. It keeps nothing; what
//! becomes of what was read is `model.rs`'s matter.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use cqlbook_core::page::Page;
use cqlbook_core::schema::read::{self, Read, Reader, Source};
use cqlbook_core::schema::{Origin, Schema, ddl};
use futures::future::join_all;

use super::Connection;
use crate::error::{QueryError, ServerErrorKind};
use crate::request::{Request, RequestOptions};

/// The most roles whose permissions are asked for one by one.
const ROLES: usize = 20;
/// The most bytes of an answer of many pages that is held whole.
const ANSWER: usize = 64 << 20;

/// What the server's tables say.
pub(super) struct Sources {
    pub(super) read: Read,
    pub(super) table_options: BTreeSet<String>,
    /// Whether it lacks what another reading may find.
    pub(super) is_to_be_read_again: bool,
}

/// Pages that are being fetched.
type Pages<'a> = Pin<Box<dyn Future<Output = Result<Vec<Arc<dyn Page>>, QueryError>> + Send + 'a>>;

impl Connection {
    /// Reads all sources, or what they have of one keyspace.
    pub(super) async fn read_sources(&self, keyspace: Option<&str>) -> Result<Sources, QueryError> {
        let keeper = &self.inner.keeper;
        let too_large = || QueryError::TooLong { reason: "it was too large a few minutes ago".to_owned() };
        if keeper.is_too_large(Source::Columns, keyspace) {
            return Err(too_large());
        }
        let reader = &Mutex::new(Reader::default());
        let asked = Source::ALL.map(|source| async move {
            if keeper.is_too_large(source, keyspace) {
                return (source, Err(too_large()));
            }
            let admits =
                |page: &dyn Page| reader.lock().unwrap_or_else(PoisonError::into_inner).admits(source, page);
            let pages = self.pages(&source.query(keyspace), admits).await;
            if matches!(pages, Err(QueryError::TooLong { .. })) {
                keeper.found_too_large(source, keyspace);
            }
            (source, pages)
        });
        let answers = join_all(asked).await;
        let mut reader = std::mem::take(&mut *reader.lock().unwrap_or_else(PoisonError::into_inner));
        let mut is_to_be_read_again = false;
        for (source, pages) in answers {
            match pages {
                Ok(pages) => pages.iter().for_each(|page| reader.take(source, page.as_ref())),
                Err(QueryError::Server(error))
                    if source.may_lack() && error.kind == ServerErrorKind::Invalid => {}
                Err(error) if source == Source::Columns => return Err(error),
                Err(error) => {
                    // What this user may not read is no more to be had the next time.
                    is_to_be_read_again |= !matches!(&error, QueryError::Server(error)
                        if error.kind == ServerErrorKind::Unauthorized);
                    reader.lacks(source, &error.to_string());
                }
            }
        }
        let table_options = reader.table_options();
        let mut read = reader.finish();
        is_to_be_read_again |= read.torn;
        self.settle_types(&mut read.keyspaces).await;
        Ok(Sources { read, table_options, is_to_be_read_again })
    }

    /// The pages of an answer, which is small enough to be held.
    pub(super) fn all_pages(&self, cql: &str) -> Pages<'_> {
        let mut left = ANSWER;
        self.pages(cql, move |page| {
            // A page of nothing takes some, so that pages end.
            let rest = left.checked_sub(page.size_bytes().max(1 << 10));
            rest.is_some_and(|rest| {
                left = rest;
                true
            })
        })
    }

    /// The pages of an answer, as long as `admits` has room for them. (Boxed: many run at once, and a stack is small.)
    fn pages<'a>(&'a self, cql: &str, mut admits: impl FnMut(&dyn Page) -> bool + Send + 'a) -> Pages<'a> {
        let request = Request::with_options(cql, RequestOptions::of_a_read());
        Box::pin(async move {
            let (mut pages, mut next) = (Vec::new(), None);
            loop {
                let answer = self.run_anywhere(&request, next.as_ref()).await?;
                if let Some(page) = answer.page {
                    if !admits(page.as_ref()) {
                        let reason = "it has more than is read of a schema".to_owned();
                        return Err(QueryError::TooLong { reason });
                    }
                    pages.push(page);
                }
                next = answer.next;
                if next.is_none() {
                    return Ok(pages);
                }
            }
        })
    }

    /// The cluster, as far as it is known without the network.
    fn origin(&self) -> Origin {
        let facts = self.facts();
        let mut origin = Origin {
            cluster: facts.cluster_name.clone(),
            release: facts.release_version.clone(),
            cql_version: facts.cql_version.clone(),
            astra: facts.astra,
            ..Origin::default()
        };
        for node in self.nodes() {
            *origin.data_centers.entry(node.dc.unwrap_or_default()).or_default() += 1;
        }
        origin
    }

    pub(super) async fn read_origin(&self) -> Origin {
        let mut origin = self.origin();
        let local = self.all_pages("SELECT partitioner FROM system.local").await;
        for page in local.into_iter().flatten() {
            read::texts(page.as_ref(), "partitioner", |name| origin.partitioner = name);
        }
        origin
    }

    /// Roles and permissions, as far as this user may see them: all, or those of the roles that are the user's. No more
    /// than that is in it.
    pub(super) async fn read_roles(&self) -> Schema {
        let mut model = Schema::default();
        match self.all_pages("LIST ROLES").await {
            Ok(pages) => {
                for page in &pages {
                    read::roles(page.as_ref(), &mut model.roles);
                }
            }
            Err(error) => {
                model.notes.push(format!("Roles could not be read: {error}"));
                return model;
            }
        }
        let mut lists = self.all_pages("LIST ALL PERMISSIONS").await;
        if lists.is_err() {
            let each = model.roles.keys().take(ROLES).map(|role| async move {
                self.all_pages(&format!("LIST ALL PERMISSIONS OF {} NORECURSIVE", ddl::name(role))).await
            });
            lists =
                join_all(each).await.into_iter().collect::<Result<Vec<_>, _>>().map(|lists| lists.concat());
        }
        match lists {
            Ok(pages) => {
                for page in &pages {
                    read::grants(page.as_ref(), &mut model.grants);
                }
            }
            Err(error) => model.notes.push(format!("Permissions could not be read: {error}")),
        }
        model
    }
}

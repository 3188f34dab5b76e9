use portcullis::Routes;

fn serve(routes: Routes) -> axum::Router {
    axum::Router::new().merge(routes)
}

fn main() {}

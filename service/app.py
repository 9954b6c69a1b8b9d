"""The application factory."""

from __future__ import annotations

from flask import Flask, request

from service import answers, failures
from service.archives import Archives
from service.body import drain
from service.context import share
from service.limits import arriving
from service.limits.spending import tell_quotas
from service.operations import requests
from service.operations.metrics import Metrics
from service.operations.proxies import believe
from service.pages import blueprint as pages
from service.pages import checking as checking_page
from service.pages import hosts
from service.reading import check_utf8
from service.resources import (
    about,
    batch,
    checking,
    clusters,
    collections,
    documents,
    generations,
    health,
    index,
    listing,
    rebuilds,
)
from service.settings import Settings
from service.streams import incoming
from service.uploads.readers import Readers


def create_app(
    archives: Archives, settings: Settings | None = None, readers: Readers | None = None,
    metrics: Metrics | None = None,
) -> Flask:
    """The service over these archives. Settings other than the body limit are the server's business."""
    settings = settings or Settings()
    app = Flask("nearcopy", static_folder=None)
    app.response_class = answers.Nothing
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    app.config[arriving.SECONDS] = settings.body_seconds
    app.config[incoming.SILENCE] = settings.silence
    app.config[rebuilds.DEADLINE] = settings.rebuild_deadline
    app.config[checking_page.DAYS] = settings.report_days
    app.config[hosts.HOST] = hosts.page_host(settings)
    # An id may hold slashes, two in a row too: a path is taken as it was sent, and never redirected
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = documents.IdConverter
    metrics = metrics or Metrics()
    share(app, archives, settings, metrics, readers)
    requests.register(app, metrics)
    failures.register(app)
    app.before_request(lambda: check_utf8(request))
    app.after_request(drain)
    app.after_request(tell_quotas)
    for resource in (
        about, batch, checking, clusters, listing, documents, collections, generations, health, index,
        rebuilds,
    ):
        app.register_blueprint(resource.blueprint)
    app.register_blueprint(pages)
    believe(app, settings.trusted_proxies)
    return app

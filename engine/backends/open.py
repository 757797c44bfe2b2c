"""The cluster that the settings name."""

import warnings

from engine.backends.base import Backend
from engine.settings import Settings


def open_cluster(settings: Settings) -> Backend | None:
    """Where scans run that are too large for this machine; None when they all run here.

    Raises ValueError when there is a cluster but no client for it.
    """
    if not settings.spark_remote or settings.cluster == "off":
        return None
    try:
        # The client takes two seconds to import, and is not everywhere.
        with warnings.catch_warnings():
            # It is about pandas, which has no part in what is used of it.
            warnings.filterwarnings("ignore", "PySpark does not yet", FutureWarning)
            from engine.backends.cluster import Cluster  # noqa: PLC0415
    except ImportError as error:
        raise ValueError(
            "VITRINE_SPARK_REMOTE needs the Spark client; install it by `uv sync --extra cluster`"
            " or start by `uv run --extra cluster ...`."
        ) from error
    most = 0 if settings.cluster == "always" else settings.cluster_rows
    return Cluster.at(settings.spark_remote, most, settings.cluster_seconds)

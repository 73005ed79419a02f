"""Connection of a client, which answers what is no HTTP request in Twilio's form too."""

from http import HTTPStatus

from aiohttp import web

from .replies import ApiError
from .wire import respond


class Connection(web.RequestHandler):
    """aiohttp's connection, with errors as JSON for requests that it cannot read, as for a very long URL."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the error, after which the connection is closed.

        Raise ``ConnectionError`` when an answer has been begun.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has been begun") from exc
        is_the_client_s = status < HTTPStatus.INTERNAL_SERVER_ERROR
        error = (
            ApiError(status, 20001, (message or "The request is not valid HTTP").partition("\n")[0])
            if is_the_client_s
            else ApiError(status, 20500, "Internal server error")
        )
        response = respond(error.reply(), {})
        response.force_close()
        return response

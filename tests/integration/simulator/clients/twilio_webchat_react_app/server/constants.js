const TOKEN_TTL_IN_SECONDS = 60 * 60 * 6;

module.exports = { TOKEN_TTL_IN_SECONDS };

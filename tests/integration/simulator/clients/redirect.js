// Preloaded into Twilio's web chat server, whose code names Twilio's hosts and one port. Requests to Twilio go to the
// simulator at SIMULATOR, requests elsewhere fail, and the server listens on any free port of the loopback interface.
const http = require("node:http");
const https = require("node:https");
const net = require("node:net");

const simulator = new URL(process.env.SIMULATOR);

https.request = (options, callback) => {
    if (!/\.twilio\.com$/.test(options.hostname)) {
        throw new Error(`a request to ${options.hostname}`);
    }
    const { hostname, port } = simulator;
    const there = { ...options, protocol: "http:", host: hostname, hostname, port, agent: undefined };
    return http.request(there, callback);
};

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (_port, ...rest) {
    this.once("listening", () => console.log(`PORT ${this.address().port}`));
    return listen.call(this, 0, "127.0.0.1", ...rest);
};

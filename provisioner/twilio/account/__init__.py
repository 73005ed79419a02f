"""The Twilio account: ``credentials``, ``profiles`` of twilio-cli, and ``hosts`` of its region and edge."""

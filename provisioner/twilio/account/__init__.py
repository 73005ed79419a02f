"""The account that is used: ``credentials``, ``profiles`` of twilio-cli, and ``hosts`` of its region and edge."""

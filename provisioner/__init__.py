"""Create Twilio Flex WebChats in bulk, each row exactly once."""

__version__ = "0.1.0"

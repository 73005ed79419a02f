"""Names of the presets."""

AUTO = "auto"
PRESETS = (
    AUTO,
    "salesforce-report",
    "salesforce-dataloader",
    "hubspot",
    "dynamics",
    "zendesk",
    "zoho",
    "pipedrive",
    "freshdesk",
    "intercom",
    "google-contacts",
    "outlook",
    "shopify",
    "mailchimp",
    "activecampaign",
    "monday",
    "airtable",
    "genesys",
)
"""CRM exports with known columns. Each but ``auto`` has a mapping file in ``mapping/presets``."""

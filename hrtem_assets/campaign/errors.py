"""What can be wrong with a campaign, and with what is asked of it."""

from hrtem_assets.base.errors import HrtemError


class CampaignError(HrtemError, ValueError):
    """A campaign that cannot be used; the message says how to repair it."""


class UnknownKeyError(CampaignError):
    """A specimen, condition or series that the campaign does not hold; the message lists those that it does."""

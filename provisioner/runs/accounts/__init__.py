"""A run for many accounts: each has its own connections, pace, canary and guards, and ends for itself.

``one_account`` the work in one of them · ``send_accounts`` that in all at the same time ·
``account_ends`` how they ended, as one error · ``figures_at_end`` the figures of each.
"""

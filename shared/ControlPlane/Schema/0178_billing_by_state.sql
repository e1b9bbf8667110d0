-- expands: billing's messages in a rare state are listed without a look at all of them

create index billing_inbox_by_state on control.billing_inbox (state, received_at desc, id desc);

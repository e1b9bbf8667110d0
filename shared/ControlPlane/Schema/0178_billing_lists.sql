-- expands: billing's messages are listed by tenant and by state without a look at all of them

create index billing_inbox_by_tenant on control.billing_inbox (tenant, received_at desc, id desc);
create index billing_inbox_by_state on control.billing_inbox (state, received_at desc, id desc);

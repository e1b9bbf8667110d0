-- The customer to whom a tenant belongs, as the issuer of customers' tokens names it; null for a tenant that operators alone reach.
alter table control.tenants add column customer text check (length(customer) between 1 and 100);
create index tenants_by_customer on control.tenants (customer, id) where customer is not null;

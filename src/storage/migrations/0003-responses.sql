-- Replies of OpenAI's Responses API that clients asked to keep, with what they were asked: each tenant's own.
create table stored_response (
  tenant text not null,
  id text not null,
  previous_id text,
  created_at timestamptz not null,
  -- Of the most secret of its turn and those before it: whoever goes on from it is as secret.
  sensitivity text not null,
  -- The items of this request alone; those before it stand with the responses before it.
  input text not null,
  -- The whole response object.
  body text not null,
  primary key (tenant, id)
);

create index stored_response_created on stored_response (created_at);

-- Where an item of an output is, for requests that name it instead of repeating it.
create table stored_item (
  tenant text not null,
  id text not null,
  response_id text not null,
  primary key (tenant, id),
  foreign key (tenant, response_id) references stored_response (tenant, id) on delete cascade
);

create index stored_item_response on stored_item (tenant, response_id);
